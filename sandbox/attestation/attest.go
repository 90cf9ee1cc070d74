package attestation

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/cctui/cctui/skr"
)

const maxRequestBytes = 1 << 20

// request is the body of attest SEV-SNP. All binary values are base64url, padded or not.
// Source: Azure Attestation REST API, Attestation - Attest Sev Snp Vm.
type request struct {
	Report      string `json:"report"` // of evidence
	RuntimeData struct {
		Data string `json:"data"`
		Type string `json:"dataType"` // JSON or Binary
	} `json:"runtimeData"`
}

// evidence is the report and the certificates it is verified by.
type evidence struct {
	Report string `json:"SnpReport"`
	Chain  string `json:"VcekCertChain"` // of PEM: VCEK, ASK, ARK
}

// attest answers evidence with a token, or says which part of it is not true.
func (s *Service) attest(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.PathValue("tee"), "SevSnpVm") {
		fail(w, http.StatusNotFound, "NotFound", "Only SevSnpVm is attested here.")
		return
	}
	if version := r.URL.Query().Get("api-version"); !slices.Contains(apiVersions, version) {
		fail(w, http.StatusBadRequest, "InvalidParameter", fmt.Sprintf("The api-version %q is not supported.", version))
		return
	}
	var body request
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequestBytes)).Decode(&body); err != nil {
		fail(w, http.StatusBadRequest, "InvalidParameter", "The request body is not JSON.")
		return
	}
	claims, err := s.claims(body)
	if err != nil {
		fail(w, http.StatusBadRequest, "InvalidParameter", err.Error())
		return
	}
	token, err := s.signer.sign(s.issuer(r), s.Now(), claims)
	if err != nil {
		fail(w, http.StatusInternalServerError, "InternalError", err.Error())
		return
	}
	answer(w, http.StatusOK, map[string]string{"token": token})
}

// claims verifies the evidence; what it returns is true.
func (s *Service) claims(body request) (map[string]any, error) {
	report, err := s.verified(body.Report)
	if err != nil {
		return nil, err
	}
	runtimeData, err := decode(body.RuntimeData.Data)
	if err != nil {
		return nil, fmt.Errorf("the runtime data is not base64url: %w", err)
	}
	// This binds the guest's key to the report: nobody else's key can be put in its place.
	digest := sha256.Sum256(runtimeData)
	if report.ReportData != fmt.Sprintf("%x%064d", digest, 0) {
		return nil, errors.New("REPORT_DATA of the SNP report is not the SHA-256 of the runtime data")
	}
	claims := reportClaims(report)
	claims["x-ms-compliance-status"] = s.ComplianceStatus
	if strings.EqualFold(body.RuntimeData.Type, "JSON") {
		var keys map[string]any
		if err := json.Unmarshal(runtimeData, &keys); err != nil {
			return nil, errors.New("the runtime data is not a JSON object")
		}
		claims["x-ms-runtime"] = keys
	}
	return claims, nil
}

// verified checks the report's signature down to AMD's root.
func (s *Service) verified(encoded string) (skr.SNPReport, error) {
	data, err := decode(encoded)
	if err != nil {
		return skr.SNPReport{}, fmt.Errorf("the report is not base64url: %w", err)
	}
	var e evidence
	if err := json.Unmarshal(data, &e); err != nil {
		return skr.SNPReport{}, errors.New("the report is not a JSON object")
	}
	raw, err := decode(e.Report)
	if err != nil {
		return skr.SNPReport{}, fmt.Errorf("SnpReport is not base64url: %w", err)
	}
	chain, err := decode(e.Chain)
	if err != nil {
		return skr.SNPReport{}, fmt.Errorf("VcekCertChain is not base64url: %w", err)
	}
	roots, err := s.Roots()
	if err != nil {
		return skr.SNPReport{}, err
	}
	if err := skr.VerifySNPReport(raw, chain, skr.SNPTrust{Roots: roots, Now: s.Now()}); err != nil {
		return skr.SNPReport{}, err
	}
	return skr.ParseSNPReport(raw)
}

func decode(text string) ([]byte, error) {
	return base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
}
