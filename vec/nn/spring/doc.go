// Package spring is Gauss–Newton in sample space with momentum: the optimiser for least-squares losses whose batch is
// smaller than the net.
//
// For residuals r of N samples with Jacobian J and weights q, the direction of step i is
//
//	b = −q∘r − m·(q∘J)d_{i−1}
//	d_i = m·d_{i−1} + (q∘J)ᵀ (K + λ_i tr(K)/N · I)⁻¹ b,   K = (q∘J)(q∘J)ᵀ
//	θ_{i+1} = θ_i + lr_i·d_i,   with lr_i·|d_i| at most MaxStep
//
// that is, the damped least-squares solution of J d ≈ −r nearest to m·d_{i−1}: what earlier batches asked for is kept
// where this one does not object. Only an N×N system is solved, by Cholesky in float64; J stays in factored form (package
// gram).
//
// The damping λ_i = max(Floor, Start·e^{−i/Tau}) starts high, because the first directions of an untrained net are not to
// be trusted. The weights q = (1+(r/Soft)²)^{−1/2} bound the pull of single large residuals. A step that holds anything
// not finite is not taken, and forgets the momentum.
//
// Goldshlager, Abrahamsen and Lin (2024), "A Kaczmarz-inspired approach to accelerate the optimization of neural network
// wavefunctions", J. Comput. Phys. 516 (SPRING); Chen and Heyl (2024), "Empowering deep neural quantum states through
// efficient optimization", Nature Physics 20 (the N×N form); Jnini, Vella and Zeinhofer (2025), "Gauss–Newton natural
// gradient descent for physics-informed computational fluid dynamics" (Gauss–Newton for PDE residuals).
package spring
