#!/bin/sh
# The learned sampler on Bayesian posteriors of the catalogue, nothing set but which, one after the other, each in a folder
# of its own under the current one. For each: log Z beside the known value, and whether learning paid. From a minute to ten each.
#
#     sh docs/examples/posteriors.sh [NAME ...]          SAMPAN=path of the program, if it is not on the PATH
#
# The Cox processes lgcp32_white and lgcp40_white, a few minutes each, want PINES=path of a CSV file of their points.
sampan=${SAMPAN:-sampan}
[ $# -gt 0 ] || set -- conjugate_regression conjugate_regression_noise state_space_sharp_obs state_space_ar1_noise \
	state_space_local_trend state_space_random_walk \
	pima ionosphere sonar german_credit_std german_credit_prior10 german_credit_noprior seeds brownian
for name in "$@"; do
	mkdir -p "$name" || exit
	printf 'target.use = "%s"\nsampler.transport.use = "diffusion"\n' "$name" > "$name/run.toml"
	case $name in lgcp*) printf 'target.config.csv = "%s"\n' "${PINES:?the path of the points of $name}" >> "$name/run.toml" ;; esac
	(cd "$name" && "$sampan" run run.toml) || exit
done
