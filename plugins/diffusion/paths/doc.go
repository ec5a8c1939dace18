// Package paths trains the samplers of package chain by losses of whole trajectories: the paths are drawn, weighed, and
// the control is moved so that the weights become more equal. This is the literature's way. It starts from nothing, or from
// a pilot, whose draws then give the frame and, by regression (package regress), the control to start from.
//
// # Losses
//
// With lw the log weights of a batch of n paths,
//
//	log-variance        Σ(lw − mean)²/(n−1)                     Nüsken and Richter (2021), Richter and Berner (2024), arXiv 2307.01198
//	vargrad             half of it, with 1/n                    Richter et al. (2020), arXiv 2010.10436
//	trajectory-balance  ½ mean (lw − c)², c learned             Malkin et al. (2022), arXiv 2201.13259
//	bsde                mean (lw − c)², c learned               Nüsken and Richter (2021), arXiv 2005.05409
//	sub-tb              all pairs of cuts of the path           Madan et al. (2023), arXiv 2209.12782
//	kl                  −mean lw, through the simulation        Zhang and Chen (2022), arXiv 2111.15141
//	kl-log-derivative   the same by the log-derivative trick    Williams (1992)
//	adjoint-sampling    regression on the model's own ends      Havens et al. (2025), arXiv 2504.11713
//
// All but the two of KL and the last allow paths drawn otherwise than by the sampler: here with more noise at first
// (Options.Explore), or the way back from a pilot's draws (Options.Home).
//
// Temperatures, step sizes and the start, where they are learned, descend −mean lw over the sampler's own paths, whichever of
// these moves the control: by a loss of given paths step sizes run away, see chain.Batch.Apart.
package paths
