package kubernetes

import (
	"slices"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/cctui/cctui/sandbox/kubernetes/objects"
)

// isSystemNamespace tells the namespaces that cannot be deleted.
func isSystemNamespace(name string) bool {
	return slices.Contains(systemNamespaces(), name)
}

func systemNamespaces() []string {
	return []string{"default", "kube-node-lease", "kube-public", "kube-system"}
}

// furnish makes what a new cluster has.
func (c *Cluster) furnish() error {
	address, err := c.serviceAddresses.take()
	if err != nil {
		return err
	}
	for _, name := range systemNamespaces() {
		c.ensure(namespacesKey, "Namespace", "", name, map[string]any{
			"metadata": map[string]any{"labels": map[string]any{"kubernetes.io/metadata.name": name}},
			"status":   map[string]any{"phase": "Active"},
		})
	}
	c.ensure(servicesKey, "Service", "default", "kubernetes", map[string]any{"spec": map[string]any{
		"type": "ClusterIP", "clusterIP": address.String(),
		"ports": []any{map[string]any{"name": "https", "port": int64(443), "protocol": "TCP", "targetPort": int64(443)}},
	}})
	c.provide(objects.Kind{Group: "storage.k8s.io", Resource: "storageclasses"}, "", "default", map[string]any{
		"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "disk.csi.azure.com",
		"volumeBindingMode": "WaitForFirstConsumer", "reclaimPolicy": "Delete",
		"metadata": map[string]any{"annotations": map[string]any{"storageclass.kubernetes.io/is-default-class": "true"}},
	})
	c.provide(rbacKey("clusterroles"), "", "cluster-admin", map[string]any{
		"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
		"rules": []any{map[string]any{"apiGroups": []any{"*"}, "resources": []any{"*"}, "verbs": []any{"*"}}},
	})
	return nil
}

// Kubeconfig is the admin's access. It needs no name resolution: the server is named by its
// certificate alone.
func (c *Cluster) Kubeconfig() []byte {
	return c.kubeconfig(c.options.Front.URL("127.0.0.1"), "clusterAdmin_"+c.options.Name, c.adminToken, "")
}

// accountKubeconfig is a pod's access. It names the server by its host, because 127.0.0.1 is the
// pod itself.
func (c *Cluster) accountKubeconfig(account objects.Object) ([]byte, error) {
	token, _, err := c.signer.sign(account, nil, podTokenLifetime)
	if err != nil {
		return nil, err
	}
	return c.kubeconfig(c.options.Front.URL(c.host()), account.GetName(), token, account.GetNamespace()), nil
}

func (c *Cluster) kubeconfig(server, user, token, namespace string) []byte {
	config := clientcmdapi.NewConfig()
	config.Clusters[c.options.Name] = &clientcmdapi.Cluster{
		Server:                   server,
		TLSServerName:            c.host(),
		CertificateAuthorityData: c.options.Front.CA(),
	}
	config.AuthInfos[user] = &clientcmdapi.AuthInfo{Token: token}
	config.Contexts[c.options.Name] = &clientcmdapi.Context{Cluster: c.options.Name, AuthInfo: user, Namespace: namespace}
	config.CurrentContext = c.options.Name
	encoded, err := clientcmd.Write(*config)
	if err != nil {
		panic("encode kubeconfig: " + err.Error()) // it is plain data
	}
	return encoded
}
