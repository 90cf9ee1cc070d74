package skr

import (
	"crypto/rsa"
	"errors"
	"slices"
)

// ReleaseTarget is the key that a token's guest made for the release: the first RSA key of
// x-ms-runtime.keys that is for encryption. A vault wraps the released key for it.
// Source: Azure Key Vault key release, environment assertion.
func ReleaseTarget(claims map[string]any) (*rsa.PublicKey, error) {
	keys, _ := lookup(claims, "x-ms-runtime.keys")
	list, _ := keys.([]any)
	for _, entry := range list {
		key, _ := entry.(map[string]any)
		if key["kty"] != "RSA" || !encrypts(key) {
			continue
		}
		n, _ := key["n"].(string)
		e, _ := key["e"].(string)
		return rsaPublicKey(n, e)
	}
	return nil, errors.New("the token carries no RSA key for encryption in x-ms-runtime.keys")
}

func encrypts(key map[string]any) bool {
	if key["key_use"] == "enc" || key["use"] == "enc" {
		return true
	}
	operations, _ := key["key_ops"].([]any)
	return slices.Contains(operations, any("encrypt"))
}
