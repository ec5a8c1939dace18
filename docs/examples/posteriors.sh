#!/bin/sh
# The learned sampler on Bayesian posteriors of the catalogue, nothing set but which, one after the other, each in a folder
# of its own under the current one. For each: log Z beside the known value, and whether learning paid. A minute or two each.
#
#     sh docs/examples/posteriors.sh [NAME ...]          SAMPAN=path of the program, if it is not on the PATH
sampan=${SAMPAN:-sampan}
[ $# -gt 0 ] || set -- conjugate_regression conjugate_regression_noise state_space_sharp_obs state_space_ar1_noise \
	pima ionosphere sonar german_credit_std german_credit_prior10 german_credit_noprior seeds brownian
for name in "$@"; do
	mkdir -p "$name" || exit
	printf 'target.use = "%s"\nsampler.transport.use = "diffusion"\n' "$name" > "$name/run.toml"
	(cd "$name" && "$sampan" run run.toml) || exit
done
