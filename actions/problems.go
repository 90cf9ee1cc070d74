package actions

import "slices"

// known are the failures that cctui can explain; the first row that matches wins, so the special
// ones stand before the general.
var known = slices.Concat(signInProblems, capacityProblems, clusterProblems, identityProblems, keyProblems, podProblems, kafkaProblems, transientProblems)

var (
	signInProblems, capacityProblems, clusterProblems, identityProblems, keyProblems, podProblems, kafkaProblems, transientProblems []row
)
