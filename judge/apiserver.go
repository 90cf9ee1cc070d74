// Package judge runs cctui's contract suites against the real thing: a kube-apiserver with an
// embedded etcd, built from their published modules. It is a module of its own, so that the
// program never links Kubernetes' server.
package judge

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

// Token is the bearer token of the judge's administrator.
const Token = "judge-administrator"

// Serve runs etcd and a kube-apiserver on loopback until the context ends or one of them fails.
// dir holds their data, and afterwards the API server's certificate in apiserver.crt.
func Serve(ctx context.Context, dir string, port int) error {
	endpoint, err := startEtcd(filepath.Join(dir, "etcd"))
	if err != nil {
		return fmt.Errorf("start etcd: %w", err)
	}
	if err := writeCredentials(dir); err != nil {
		return err
	}
	server := app.NewAPIServerCommand()
	server.SetArgs(arguments(dir, endpoint, port))
	return server.ExecuteContext(ctx)
}

// startEtcd starts a single member and returns its client URL.
func startEtcd(dir string) (string, error) {
	config := embed.NewConfig()
	config.Dir = dir
	config.LogLevel = "error"
	config.UnsafeNoFsync = true
	client, peer := loopback(), loopback()
	config.ListenClientUrls, config.AdvertiseClientUrls = client, client
	config.ListenPeerUrls, config.AdvertisePeerUrls = peer, peer
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return "", err
	}
	<-etcd.Server.ReadyNotify()
	return "http://" + etcd.Clients[0].Addr().String(), nil
}

// loopback is a URL with a port that was free a moment ago.
func loopback() []url.URL {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil
	}
	defer listener.Close()
	return []url.URL{{Scheme: "http", Host: listener.Addr().String()}}
}

func arguments(dir, etcd string, port int) []string {
	return []string{
		"--etcd-servers=" + etcd,
		"--bind-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(port),
		"--cert-dir=" + dir,
		"--authorization-mode=RBAC",
		"--token-auth-file=" + filepath.Join(dir, "tokens.csv"),
		"--service-account-issuer=https://judge.localhost/",
		"--service-account-key-file=" + filepath.Join(dir, "service-account.key"),
		"--service-account-signing-key-file=" + filepath.Join(dir, "service-account.key"),
		"--service-cluster-ip-range=10.0.0.0/24",
		// Nobody looks for this server by its endpoints, and no kubelet answers by host name.
		"--endpoint-reconciler-type=none",
		"--kubelet-preferred-address-types=InternalIP",
		// Without a controller manager no namespace has its default service account.
		"--disable-admission-plugins=ServiceAccount",
	}
}

func writeCredentials(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make the service account key: %w", err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode the service account key: %w", err)
	}
	encoded := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	if err := os.WriteFile(filepath.Join(dir, "service-account.key"), encoded, 0o600); err != nil {
		return err
	}
	tokens := Token + `,admin,admin,"system:masters"` + "\n"
	return os.WriteFile(filepath.Join(dir, "tokens.csv"), []byte(tokens), 0o600)
}
