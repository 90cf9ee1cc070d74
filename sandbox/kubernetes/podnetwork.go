package kubernetes

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"

	corev1 "k8s.io/api/core/v1"
)

// metadataAddress is where the cloud's metadata is, from every pod.
var metadataAddress = netip.AddrFrom4([4]byte{169, 254, 169, 254})

// clusterDomain is the last part of the cluster's names.
const clusterDomain = ".cluster.local"

// podNetwork is the network as a pod sees it.
type podNetwork struct{ run *podRun }

// Listen takes a port of the pod.
func (n podNetwork) Listen(port int) (net.Listener, error) {
	return n.run.cluster.network.Listen(n.run.address, port)
}

// DialContext reaches the pod itself, the cluster, the metadata address and the sandbox's Azure.
func (n podNetwork) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	c := n.run.cluster
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(strings.ToLower(host), ".localhost") {
		if c.options.Outside == nil {
			return nil, noSuchHost(host)
		}
		return c.options.Outside(ctx, network, address)
	}
	return c.dial(ctx, n.run, address)
}

// Client trusts the sandbox's CA. It uses no proxy.
func (n podNetwork) Client() *http.Client {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(n.run.cluster.options.Front.CA())
	return &http.Client{Transport: &http.Transport{
		DialContext:       n.DialContext,
		TLSClientConfig:   &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2: true,
	}}
}

// DialLoadBalancer reaches a service by the public address of its load balancer.
func (c *Cluster) DialLoadBalancer(ctx context.Context, address string) (net.Conn, error) {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	if !c.publicAddresses.prefix.Contains(target.Addr()) {
		return nil, refused(address)
	}
	return c.dial(ctx, nil, address)
}

// dial connects from a pod, or from outside of all (nil), to an address inside of the cluster.
func (c *Cluster) dial(ctx context.Context, from *podRun, address string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, err
	}
	source, namespace := netip.IPv4Unspecified(), "default"
	if from != nil {
		source, namespace = from.address, from.pod.Namespace
	}
	target, port, err := c.route(from, namespace, host, port)
	if err != nil {
		return nil, err
	}
	return c.network.Dial(ctx, source, target, port)
}

// route finds which port of which pod is meant.
func (c *Cluster) route(from *podRun, namespace, host string, port int) (netip.Addr, int, error) {
	ip, err := netip.ParseAddr(host)
	switch {
	case from != nil && (host == "localhost" || err == nil && ip.IsLoopback()):
		return from.address, port, nil
	case err == nil && (c.podAddresses.prefix.Contains(ip) || ip == metadataAddress):
		return ip, port, nil
	case err == nil:
		service := c.serviceAt(host)
		if service == nil {
			return ip, port, refused(net.JoinHostPort(host, strconv.Itoa(port)))
		}
		return c.routeService(service, port)
	default:
		return c.routeName(namespace, host, port)
	}
}

// serviceAt finds the service that has an address, in the cluster or at its load balancer.
func (c *Cluster) serviceAt(address string) *corev1.Service {
	all, _ := c.store.List(servicesKey, "")
	for _, object := range all {
		var service corev1.Service
		if fromObject(object, &service) != nil {
			continue
		}
		if service.Spec.ClusterIP == address {
			return &service
		}
		for _, ingress := range service.Status.LoadBalancer.Ingress {
			if ingress.IP == address {
				return &service
			}
		}
	}
	return nil
}

// routeName resolves the names of a cluster: <service>, <service>.<namespace>[.svc[.cluster.local]],
// and <pod>.<service>.<namespace>.svc[.cluster.local] behind a headless service.
func (c *Cluster) routeName(namespace, host string, port int) (netip.Addr, int, error) {
	name := strings.TrimSuffix(strings.TrimSuffix(host, "."), clusterDomain)
	labels := strings.Split(strings.TrimSuffix(name, ".svc"), ".")
	pod := ""
	switch len(labels) {
	case 1:
	case 2:
		namespace = labels[1]
	case 3:
		pod, labels, namespace = labels[0], labels[1:2], labels[2]
	default:
		return netip.Addr{}, 0, noSuchHost(host)
	}
	object := c.store.Get(servicesKey, namespace, labels[0])
	var service corev1.Service
	if object == nil || fromObject(object, &service) != nil {
		return netip.Addr{}, 0, noSuchHost(host)
	}
	if pod == "" && service.Spec.ClusterIP != corev1.ClusterIPNone {
		return c.routeService(&service, port)
	}
	for _, address := range c.addressesOf(&service) {
		if pod == "" || pod == cmp.Or(address.Hostname, address.TargetRef.Name) || pod == address.TargetRef.Name {
			ip, err := netip.ParseAddr(address.IP)
			return ip, port, err
		}
	}
	return netip.Addr{}, 0, noSuchHost(host)
}

// endpoints are read from the store, so that kubectl shows what is dialled.
func (c *Cluster) endpoints(service *corev1.Service) (subsets []corev1.EndpointSubset) {
	var endpoints corev1.Endpoints
	if object := c.store.Get(endpointsKey, service.Namespace, service.Name); object != nil && fromObject(object, &endpoints) == nil {
		return endpoints.Subsets
	}
	return nil
}

func (c *Cluster) addressesOf(service *corev1.Service) (addresses []corev1.EndpointAddress) {
	for _, subset := range c.endpoints(service) {
		addresses = append(addresses, subset.Addresses...)
	}
	return addresses
}

// routeService picks one of the ready pods behind a port of a service.
func (c *Cluster) routeService(service *corev1.Service, port int) (netip.Addr, int, error) {
	type target struct {
		ip   string
		port int32
	}
	var targets []target
	for _, servicePort := range service.Spec.Ports {
		if int(servicePort.Port) != port {
			continue
		}
		for _, subset := range c.endpoints(service) {
			for _, endpointPort := range subset.Ports {
				if endpointPort.Name != servicePort.Name {
					continue
				}
				for _, address := range subset.Addresses {
					targets = append(targets, target{address.IP, endpointPort.Port})
				}
			}
		}
	}
	if len(targets) == 0 {
		return netip.Addr{}, 0, refused(fmt.Sprintf("%s.%s:%d", service.Name, service.Namespace, port))
	}
	chosen := targets[rand.IntN(len(targets))]
	ip, err := netip.ParseAddr(chosen.ip)
	return ip, int(chosen.port), err
}

func noSuchHost(host string) error {
	return &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func refused(address string) error {
	return &net.OpError{Op: "dial", Net: "tcp", Err: fmt.Errorf("%s: %w", address, syscall.ECONNREFUSED)}
}
