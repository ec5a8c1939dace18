// Package learn turns a method of the diffusion plugin into a transport that learns (smc.Learner): it runs the method's
// phases step by step, within a budget, reports, saves and resumes to the same bytes, and serves the result.
//
// A method brings a Plan. With the pilot's populations, or without, the plan first prepares: it looks at the problem and
// leaves what it found as State, numbers and nothing else. From a state it builds a Program, without evaluating anything: a
// net, phases of training, and a way to serve. State, parameters and what the phases keep are all that a checkpoint holds,
// so that a training killed between two steps goes on as if nothing had been.
//
// Everything is worked out in the coordinates of a frame (package space), in float32; the transport takes the host's points
// there and back in float64.
package learn
