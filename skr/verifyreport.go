package skr

import (
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-sev-guest/abi"
	"github.com/google/go-sev-guest/kds"
	"github.com/google/go-sev-guest/proto/sevsnp"
	"github.com/google/go-sev-guest/verify"
	"github.com/google/go-sev-guest/verify/trust"
)

const maxChainBytes = 64 << 10

// SNPTrust is what a report is verified by.
type SNPTrust struct {
	// Roots are AMD's signing key and root key (ASK, ARK) in PEM, in that order; nil are those AMD publishes.
	Roots []byte
	// Now is the time certificates must be valid at; zero is the present.
	Now time.Time
}

// VerifySNPReport checks that an AMD chip signed the report. The chain is PEM and begins with the
// chip's certificate (VCEK), as the sidecar and the host's certificate service give it; what follows
// the VCEK is not believed, only the trusted roots are. Nothing is fetched.
func VerifySNPReport(raw, chain []byte, by SNPTrust) error {
	if err := verifyReport(raw, chain, by); err != nil {
		return fmt.Errorf("verify the SNP report: %w", err)
	}
	return nil
}

func verifyReport(raw, chain []byte, by SNPTrust) error {
	report, err := ParseSNPReport(raw)
	if err != nil {
		return err
	}
	chip, err := firstCertificate(chain)
	if err != nil {
		return err
	}
	roots, err := by.roots()
	if err != nil {
		return err
	}
	fields, err := abi.ReportToProto(raw)
	if err != nil {
		return err
	}
	attestation := &sevsnp.Attestation{Report: fields, CertificateChain: &sevsnp.CertificateChain{VcekCert: chip.Raw}}
	err = verify.SnpAttestation(attestation, &verify.Options{DisableCertFetching: true, TrustedRoots: roots, Now: by.now()})
	if err != nil {
		return err
	}
	return sameChip(report, chip)
}

// sameChip holds the certificate's hardware id and firmware levels against the report's. The signature alone does
// not tell: a chip's certificate for older firmware would do.
func sameChip(report SNPReport, chip *x509.Certificate) error {
	extensions, err := kds.VcekCertificateExtensions(chip)
	if err != nil {
		return err
	}
	if hex.EncodeToString(extensions.HWID) != report.ChipID {
		return errors.New("the certificate is of another chip")
	}
	if tcbOf(uint64(extensions.TCBVersion)) != report.Reported {
		return errors.New("the certificate is of other firmware levels")
	}
	return nil
}

func (t SNPTrust) now() time.Time {
	if t.Now.IsZero() {
		return time.Now()
	}
	return t.Now
}

// roots is nil where AMD's own shall be used.
func (t SNPTrust) roots() (map[string][]*trust.AMDRootCerts, error) {
	if t.Roots == nil {
		return nil, nil
	}
	certificates := new(trust.ProductCerts)
	if err := certificates.FromKDSCertBytes(t.Roots); err != nil {
		return nil, fmt.Errorf("read the trusted roots: %w", err)
	}
	if certificates.Ask == nil || certificates.Ark == nil {
		return nil, errors.New("read the trusted roots: ASK and ARK are needed")
	}
	line := strings.TrimPrefix(certificates.Ask.Subject.CommonName, "SEV-") // Milan, Genoa, …
	root := trust.AMDRootCertsProduct(line)
	root.ProductCerts = certificates
	return map[string][]*trust.AMDRootCerts{line: {root}}, nil
}

func firstCertificate(chain []byte) (*x509.Certificate, error) {
	if len(chain) > maxChainBytes {
		return nil, fmt.Errorf("the certificate chain is larger than %d bytes", maxChainBytes)
	}
	block, _ := pem.Decode(chain)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("the chip's certificate is missing")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read the chip's certificate: %w", err)
	}
	return certificate, nil
}
