package sev

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"time"

	"github.com/google/go-sev-guest/abi"
	"github.com/google/go-sev-guest/kds"
)

const (
	productLine = "Milan"
	productName = "Milan-B1"
	validity    = 7 * 365 * 24 * time.Hour
)

// firmware is the level of the sandbox's chips, in certificates and reports alike.
var firmware = kds.TCBParts{BlSpl: 4, TeeSpl: 0, SnpSpl: 24, UcodeSpl: 219}

// rootTemplate is a certificate authority of AMD's form.
// Source: AMD, Versioned Chip Endorsement Key Certificate and KDS Interface Specification.
func rootTemplate(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               amdName(name),
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(validity),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
		SignatureAlgorithm:    x509.SHA384WithRSAPSS,
		CRLDistributionPoints: []string{kds.CrlLinkByKey(productLine, abi.VcekReportSigner)},
	}
}

// chipTemplate is a VCEK. Verifiers refuse extensions other than AMD's, so it has no key usage.
func chipTemplate(chipID [64]byte, level kds.TCBParts) (*x509.Certificate, error) {
	extensions, err := chipExtensions(chipID, level)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber:       serial(),
		Subject:            amdName("SEV-VCEK"),
		NotBefore:          now.Add(-time.Hour),
		NotAfter:           now.Add(validity),
		SignatureAlgorithm: x509.SHA384WithRSAPSS,
		ExtraExtensions:    extensions,
	}, nil
}

func chipExtensions(chipID [64]byte, tcb kds.TCBParts) ([]pkix.Extension, error) {
	name, err := asn1.MarshalWithParams(productName, "ia5")
	if err != nil {
		return nil, err
	}
	extensions := []pkix.Extension{
		{Id: kds.OidProductName1, Value: name},
		// AMD writes the hardware id without an ASN.1 tag.
		{Id: kds.OidHwid, Value: chipID[:]},
	}
	for _, level := range []struct {
		id    asn1.ObjectIdentifier
		value uint8
	}{
		{kds.OidStructVersion, 1},
		{kds.OidBlSpl, tcb.BlSpl},
		{kds.OidTeeSpl, tcb.TeeSpl},
		{kds.OidSnpSpl, tcb.SnpSpl},
		{kds.OidSpl4, tcb.Spl4},
		{kds.OidSpl5, tcb.Spl5},
		{kds.OidSpl6, tcb.Spl6},
		{kds.OidSpl7, tcb.Spl7},
		{kds.OidUcodeSpl, tcb.UcodeSpl},
	} {
		value, err := asn1.Marshal(int(level.value))
		if err != nil {
			return nil, err
		}
		extensions = append(extensions, pkix.Extension{Id: level.id, Value: value})
	}
	return extensions, nil
}

// certify signs a template; a nil parent is the certificate itself.
func certify(template, parent *x509.Certificate, public crypto.PublicKey, signer *rsa.PrivateKey) (*x509.Certificate, error) {
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func amdName(common string) pkix.Name {
	return pkix.Name{
		Country:            []string{"US"},
		Province:           []string{"CA"},
		Locality:           []string{"Santa Clara"},
		Organization:       []string{"Advanced Micro Devices"},
		OrganizationalUnit: []string{"Engineering"},
		CommonName:         common,
	}
}

func serial() *big.Int {
	var bytes [16]byte
	rand.Read(bytes[:])
	return new(big.Int).SetBytes(bytes[:])
}
