// Package skr is secure key release: what a key's release policy demands, what attested hardware
// claims, and how a released key is opened.
//
// It reads and checks release policies, attestation tokens, SEV-SNP reports and released keys,
// talks to the SKR sidecar and to attestation services, and has the az command line generate
// security policies. It stands by itself: it knows no Azure account, no cluster and no walkthrough.
// Everything it parses comes from outside and is read within bounds.
package skr
