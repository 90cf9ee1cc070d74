package skr

import "fmt"

// Refusal is why an attestation token is not believed. Test for one with errors.Is.
type Refusal string

// The reasons, in the order they are checked.
const (
	RefusedSize        Refusal = "it is too large"
	RefusedForm        Refusal = "it is not a JSON web token"
	RefusedDuplicate   Refusal = "it says two things under one name"
	RefusedAlgorithm   Refusal = "it is not signed with RS256"
	RefusedExtension   Refusal = "it demands an extension that nobody here knows"
	RefusedIssuer      Refusal = "its issuer is not the expected authority"
	RefusedKeyLocation Refusal = "it points to keys outside its authority"
	RefusedOwnKey      Refusal = "it brings its own key"
	RefusedExpired     Refusal = "it has expired"
	RefusedNotYet      Refusal = "it is not valid yet"
	RefusedTimes       Refusal = "it does not say until when it is valid"
	RefusedKey         Refusal = "its authority has no such signing key"
	RefusedSignature   Refusal = "its signature is wrong"
)

func (r Refusal) Error() string { return "attestation token refused: " + string(r) }

// refuse adds what was found to the reason; cause may be nil.
func refuse(reason Refusal, cause error) error {
	if cause == nil {
		return reason
	}
	return fmt.Errorf("%w: %w", reason, cause)
}
