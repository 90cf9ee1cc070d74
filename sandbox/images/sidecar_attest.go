package images

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/go-sev-guest/abi"
)

const localTHIM = "169.254.169.254/metadata/THIM/amd/certification"

// platformCertificates is THIM's answer: PEM, and the TCB version they are for (hex).
type platformCertificates struct {
	VCEK  string `json:"vcekCert"`
	TCB   string `json:"tcbm"`
	Chain string `json:"certificateChain"`
}

func (s *sidecar) fetchCertificates(ctx context.Context, endpoint string) (platformCertificates, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+endpoint, nil)
	if err != nil {
		return platformCertificates{}, err
	}
	request.Header.Set("Metadata", "true")
	body, err := s.do(request)
	if err != nil {
		return platformCertificates{}, fmt.Errorf("Fetching THIM Certs with retries failed.: pulling thim certs request failed: %w", err)
	}
	var certificates platformCertificates
	if err := json.Unmarshal(body, &certificates); err != nil {
		return platformCertificates{}, fmt.Errorf("Parse THIM Certs from bytes failed.: failed to unmarshal THIM certificate: %w", err)
	}
	if _, err := certificates.version(); err != nil {
		return platformCertificates{}, err
	}
	return certificates, nil
}

func (p platformCertificates) version() (uint64, error) {
	version, err := strconv.ParseUint(p.TCB, 16, 64)
	if err != nil {
		return 0, fmt.Errorf("Unable to convert TCBM from THIM certificates %s to a uint64: %w", p.TCB, err)
	}
	return version, nil
}

// Offsets in an SNP report. Source: SEV Secure Nested Paging Firmware ABI, table 23.
const (
	reportDataOffset  = 0x50
	hostDataOffset    = 0xc0
	reportedTCBOffset = 0x180
)

// report is an SNP report over the hash of the runtime data. Outside of a confidential pod there is
// no device, and the report is made up: it is answered with, but no attestation service believes it.
func (s *sidecar) report(ctx context.Context, runtimeData []byte) ([]byte, error) {
	var reportData [64]byte
	digest := sha256.Sum256(runtimeData)
	copy(reportData[:], digest[:])
	if s.container.TEE == nil {
		s.log.info("Not running inside SNP VM, using fake attestation report fetcher...")
		return s.fakeReport(reportData)
	}
	s.log.info("Running inside SNP VM, using real attestation report fetcher...")
	s.log.debug("   reportData: %s", hex.EncodeToString(reportData[:]))
	return s.container.TEE.Report(ctx, reportData)
}

func (s *sidecar) fakeReport(reportData [64]byte) ([]byte, error) {
	version, err := s.platform.version()
	if err != nil {
		return nil, err
	}
	report := make([]byte, abi.ReportSize)
	binary.LittleEndian.PutUint32(report, 2)
	copy(report[reportDataOffset:], reportData[:])
	hostData := sha256.Sum256(nil)
	copy(report[hostDataOffset:], hostData[:])
	binary.LittleEndian.PutUint64(report[reportedTCBOffset:], version)
	return report, nil
}

// collateral is a report, and the certificates of just the firmware that signed it.
func (s *sidecar) collateral(ctx context.Context, runtimeData []byte) (report []byte, p platformCertificates, err error) {
	if report, err = s.report(ctx, runtimeData); err != nil {
		return nil, p, fmt.Errorf("Failed to retrieve attestation report: %w", err)
	}
	if len(report) < abi.ReportSize {
		return nil, p, errors.New("Failed to deserialize attestation report")
	}
	reported := binary.LittleEndian.Uint64(report[reportedTCBOffset:])
	s.log.info("Comparing TCB values...")
	if version, err := s.platform.version(); err != nil || version == reported {
		return report, s.platform, err
	}
	s.log.info("TCB values not the same, trying to refresh cert chain...")
	cache := s.options.azure.Certificates
	switch {
	case cache.Endpoint == "":
		return nil, p, errors.New("Refreshing CertChain failed: failed to retrieve cert chain: certificate endpoint not set")
	case cache.EndpointType != "LocalTHIM":
		return nil, p, fmt.Errorf("Refreshing CertChain failed: invalid endpoint type: %s", cache.EndpointType)
	}
	if p, err = s.fetchCertificates(ctx, cache.Endpoint); err != nil {
		return nil, p, fmt.Errorf("Refreshing CertChain failed: %w", err)
	}
	if version, err := p.version(); err != nil || version != reported {
		return nil, p, fmt.Errorf("SNP reported TCB value: %d doesn't match Certificate TCB value: %d", reported, version)
	}
	return report, p, nil
}

// attest has the attestation service of that host make a token of a report over the runtime data.
func (s *sidecar) attest(ctx context.Context, host string, runtimeData []byte) (string, error) {
	report, certificates, err := s.collateral(ctx, runtimeData)
	if err != nil {
		return "", err
	}
	s.log.info("Retrieving MAA token...")
	body, err := s.attestationRequest(report, certificates, runtimeData)
	if err != nil {
		return "", err
	}
	endpoint := fmt.Sprintf("https://%s/attest/SevSnpVM?api-version=2020-10-01", host)
	s.log.debug("Posting MAA Attestation Request to %s", endpoint)
	answer, err := s.post(ctx, endpoint, "", body)
	if err != nil {
		return "", fmt.Errorf("Retrieving MAA token from MAA endpoint failed: %w", named("maa post request failed", "pulling maa post response failed", err))
	}
	s.log.info("Unmarshalling MAA Attestation Response...")
	var response struct{ Token string }
	if err := json.Unmarshal(answer, &response); err != nil || response.Token == "" {
		return "", errors.New("Retrieving MAA token from MAA endpoint failed: empty token string in maa response")
	}
	if s.redacts {
		s.log.debug("MAA Token (signature redacted): %s", redactToken(response.Token))
	}
	return response.Token, nil
}

// attestationRequest is the body for POST /attest/SevSnpVm. The security policy is not in it: it is
// Rego, and the service takes JSON only. What it learns of the policy is HOST_DATA.
func (s *sidecar) attestationRequest(report []byte, certificates platformCertificates, runtimeData []byte) ([]byte, error) {
	evidence := map[string]string{
		"SnpReport":     base64.URLEncoding.EncodeToString(report),
		"VcekCertChain": base64.URLEncoding.EncodeToString([]byte(certificates.VCEK + certificates.Chain)),
	}
	if endorsements, ok := s.endorsements(); ok {
		evidence["Endorsements"] = endorsements
	}
	encoded, err := json.Marshal(evidence)
	if err != nil {
		return nil, err
	}
	type attested struct {
		Data string `json:"data"`
		Type string `json:"dataType"`
	}
	return json.Marshal(struct {
		Report      string   `json:"report"`
		RuntimeData attested `json:"runtimeData"`
		InitData    attested `json:"initTimeData"`
		Nonce       uint64   `json:"nonce"`
	}{
		Report:      base64.URLEncoding.EncodeToString(encoded),
		RuntimeData: attested{base64.URLEncoding.EncodeToString(runtimeData), "JSON"},
		Nonce:       rand.Uint64(),
	})
}

// referenceInfo is the guest's statement of which VM image it is, in base64.
const referenceInfo = "/opt/confidential-containers/share/kata-containers/reference-info-base64"

func (s *sidecar) referenceInfo() string {
	encoded, err := s.container.ReadFile(referenceInfo)
	if err != nil {
		s.log.debug("getting UVM information from directory failed. reading uvm reference info failed: %v", err)
	}
	return strings.TrimSpace(string(encoded))
}

func (s *sidecar) endorsements() (string, bool) {
	info, err := base64.StdEncoding.DecodeString(s.referenceInfo())
	if err != nil || len(info) == 0 {
		return "", false
	}
	list, err := json.Marshal(map[string][]string{"Uvm": {base64.URLEncoding.EncodeToString(info)}})
	return base64.URLEncoding.EncodeToString(list), err == nil
}

// redactToken takes the signature off a token of an attestation service, Azure's or the sandbox's,
// and hides every other token altogether.
func redactToken(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "<redacted invalid token: not a JWT>"
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "<redacted invalid token: failed to decode payload>"
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return "<redacted invalid token: failed to unmarshal payload>"
	}
	issuer, err := url.Parse(claims.Issuer)
	if err != nil {
		return "<redacted invalid token: invalid issuer>"
	}
	for _, suffix := range []string{".attest.azure.net", ".attest.localhost"} {
		if strings.HasSuffix(issuer.Hostname(), suffix) {
			return parts[0] + "." + parts[1] + ".***"
		}
	}
	return fmt.Sprintf("<redacted token with issuer %s>", claims.Issuer)
}
