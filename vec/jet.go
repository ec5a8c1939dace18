package vec

// Act is an activation that has jets.
type Act int

// The activations with jets; GELU is the function of Gelu.
const (
	ActTanh Act = iota
	ActGelu
	ActSilu
	activations
)

// A jet is a value with some of its derivatives by coordinates and time. Tiles of jets are laid out
// [feature][channel][particle]: p particles a channel, channels side by side in a row, rows ld apart. Given z, d
// gradients g_i, Laplacian ℓ and time derivative τ, an activation f turns
//
//	z → f(z)    g_i → f′ g_i    ℓ → f′ ℓ + f″ Σ g_i²    τ → f′ τ
//
// (the forward Laplacian of Li et al. 2024). With b the cotangent of what comes out, the adjoint is
//
//	ḡ_i = f′ b_i + 2 f″ g_i b_ℓ    ℓ̄ = f′ b_ℓ    τ̄ = f′ b_τ
//	z̄ = f′ b_z + f″ (Σ b_i g_i + b_τ τ + b_ℓ ℓ) + f‴ b_ℓ Σ g_i²

func (f Act) check() {
	if uint(f) >= uint(activations) {
		panic("vec: no such activation")
	}
}

// JetLaplace applies f to jets of d+3 channels: value, gradients, Laplacian, time derivative. dst may be z.
func JetLaplace[T Float](f Act, dst, z []T, rows, d, p, ld int) {
	f.check()
	runJet(use[T]().jetLaplace[f], dst, z, rows, d, d+3, p, ld)
}

// JetGrad applies f to jets of d+1 channels: value and gradients. dst may be z.
func JetGrad[T Float](f Act, dst, z []T, rows, d, p, ld int) {
	f.check()
	runJet(use[T]().jetGrad[f], dst, z, rows, d, d+1, p, ld)
}

// JetLaplaceBack turns cotangents of what JetLaplace(f, h, z, …) put out, in bar, into those of z.
func JetLaplaceBack[T Float](f Act, bar, z, h []T, rows, d, p, ld int) {
	f.check()
	runJetBack(use[T]().jetLaplaceBack[f], bar, z, h, rows, d, d+3, p, ld)
}

// JetGradBack turns cotangents of what JetGrad(f, h, z, …) put out, in bar, into those of z.
func JetGradBack[T Float](f Act, bar, z, h []T, rows, d, p, ld int) {
	f.check()
	runJetBack(use[T]().jetGradBack[f], bar, z, h, rows, d, d+1, p, ld)
}

func runJet[T Float](f jet[T], dst, z []T, rows, d, channels, p, ld int) {
	fitsJet(rows, d, p)
	fits(dst, rows, channels*p, ld)
	fits(z, rows, channels*p, ld)
	if rows > 0 && p > 0 {
		f(at(dst), at(z), rows, d, p, ld)
	}
}

func runJetBack[T Float](f jetBack[T], bar, z, h []T, rows, d, channels, p, ld int) {
	fitsJet(rows, d, p)
	fits(bar, rows, channels*p, ld)
	fits(z, rows, channels*p, ld)
	fits(h, rows, channels*p, ld)
	if rows > 0 && p > 0 {
		f(at(bar), at(z), at(h), rows, d, p, ld)
	}
}

func fitsJet(rows, d, p int) {
	if rows < 0 || d < 0 || p < 0 {
		panic(badShape)
	}
}
