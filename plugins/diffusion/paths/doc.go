// Package paths trains the samplers of package chain by losses of whole trajectories: the paths are drawn, weighed, and
// the control is moved so that the weights become more equal. This is the literature's way. It starts from nothing, or from
// a pilot's frame.
package paths
