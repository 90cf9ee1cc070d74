package kube

import (
	"cmp"
	"context"
	"fmt"

	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func nodeKind() Ref { return Ref{APIVersion: "v1", Kind: "Node"} }

// Nodes are the nodes with a label selector, by name.
func (c *Client) Nodes(ctx context.Context, selector string) ([]Node, error) {
	objects, err := c.List(ctx, nodeKind(), selector)
	if err != nil {
		return nil, err
	}
	nodes := make([]Node, len(objects))
	for i, object := range objects {
		if nodes[i], err = nodeOf(object); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(nodes, func(a, b Node) int { return strings.Compare(a.Name, b.Name) })
	return nodes, nil
}

// WaitNodes returns when as many nodes as wanted are Ready.
func (c *Client) WaitNodes(ctx context.Context, selector string, want int, progress func([]Node)) ([]Node, error) {
	resource, err := c.resource(ctx, nodeKind())
	if err != nil {
		return nil, fmt.Errorf("wait for nodes: %w", err)
	}
	var nodes []Node
	err = follow(ctx, resource, metav1.ListOptions{LabelSelector: selector}, func(*unstructured.Unstructured) (bool, error) {
		if nodes, err = c.Nodes(ctx, selector); err != nil {
			return false, err
		}
		if progress != nil {
			progress(nodes)
		}
		return countReady(nodes) >= want, nil
	})
	if err != nil {
		return nodes, fmt.Errorf("wait for %d ready nodes (%s): %w", want, selector, err)
	}
	return nodes, nil
}

func countReady(nodes []Node) (n int) {
	for _, node := range nodes {
		if node.Ready {
			n++
		}
	}
	return n
}

func nodeOf(object Object) (Node, error) {
	n, err := decode[corev1.Node](object)
	if err != nil {
		return Node{}, fmt.Errorf("read node: %w", err)
	}
	return Node{
		Name:    n.Name,
		Image:   cmp.Or(n.Labels["kubernetes.azure.com/node-image-version"], n.Status.NodeInfo.OSImage),
		Version: n.Status.NodeInfo.KubeletVersion,
		Ready: slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
			return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
		}),
		Labels: n.Labels,
	}, nil
}
