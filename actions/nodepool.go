package actions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/kube"
)

func nodePool() Step {
	return Step{
		ID: "node-pool", Screen: ScreenNodePool, Title: "Add the confidential node pool",
		Why:     "Its machines run each pod in an encrypted guest of its own, which the processor can vouch for.",
		Needs:   []string{"cluster", "feature"},
		Reads:   []string{"node-pool", "nodes", "vm-size"},
		Typical: 5 * time.Minute,
		Commands: func(in Inputs) []string {
			group, name := clusterNames(in)
			commands := []string{sh("az", "aks", "nodepool", "add", "--resource-group", group, "--cluster-name", name, "--name", in.Pool,
				"--node-count", fmt.Sprint(in.PoolNodes), "--os-sku", "AzureLinux", "--node-vm-size", in.VMSize, "--workload-runtime", "KataCcIsolation")}
			if in.ExistingCluster != "" {
				// Without --yes it asks whether the cluster shall really be brought up to date.
				commands = append(commands, sh("az", "aks", "update", "--resource-group", group, "--name", name, "--yes"))
			}
			return commands
		},
		Probe: probePool,
		Run:   runPool,
		Undo:  undoPool,
		UndoCommands: func(in Inputs) []string {
			group, name := clusterNames(in)
			return []string{sh("az", "aks", "nodepool", "delete", "--resource-group", group, "--cluster-name", name, "--name", in.Pool)}
		},
	}
}

func probePool(ctx context.Context, r *Run) (bool, error) {
	group, name := clusterPlace(r)
	found, err := r.Azure().Pool(ctx, group, name, r.Inputs().Pool)
	switch {
	case azure.IsNotFound(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look for node pool %s: %w", r.Inputs().Pool, err)
	case found.WorkloadRuntime != r.Profile().WorkloadRuntime || found.OSSKU != r.Profile().OSSKU:
		return false, nameTaken(poolResource(r), "node-pool", fmt.Sprintf("It runs %s on %s, not %s on %s.",
			found.WorkloadRuntime, found.OSSKU, r.Profile().WorkloadRuntime, r.Profile().OSSKU))
	case underWay(found.State):
		return false, nil
	}
	if err := checkState(poolResource(r), found.State); err != nil {
		return false, err
	}
	if !r.Owns(poolResource(r)) {
		r.Logf("Node pool %s was there before and fits; cleanup will leave it", found.Name)
	}
	return true, recordPool(r, found)
}

func runPool(ctx context.Context, r *Run) error {
	in := r.Inputs()
	group, name := clusterPlace(r)
	found, err := r.Azure().Pool(ctx, group, name, in.Pool)
	if err == nil && underWay(found.State) && !r.Owns(poolResource(r)) {
		if found, err = r.Azure().AwaitPool(ctx, group, name, in.Pool, func(state string) { r.Progress(state, -1) }); err != nil {
			return fmt.Errorf("wait for node pool %s: %w", in.Pool, err)
		}
		return recordPool(r, found)
	}
	return r.Create(ctx, poolResource(r), func(op azure.LRO) error {
		made, err := createPool(ctx, r, op)
		if err != nil {
			return fmt.Errorf("add node pool %s: %w", in.Pool, err)
		}
		return recordPool(r, made)
	})
}

// createPool follows what an earlier process began, as createCluster does.
func createPool(ctx context.Context, r *Run, op azure.LRO) (azure.Pool, error) {
	in := r.Inputs()
	group, name := clusterPlace(r)
	if op.ResumeToken == "" {
		found, err := r.Azure().Pool(ctx, group, name, in.Pool)
		if err == nil && underWay(found.State) {
			return r.Azure().AwaitPool(ctx, group, name, in.Pool, op.Progress)
		}
	}
	return r.Azure().CreatePool(ctx, group, name, azure.PoolSpec{
		Name: in.Pool, VMSize: in.VMSize, NodeCount: in.PoolNodes,
		OSSKU: r.Profile().OSSKU, WorkloadRuntime: r.Profile().WorkloadRuntime, Tags: r.Tags(),
	}, op)
}

func recordPool(r *Run, p azure.Pool) error {
	return r.Update(func(o *Outputs) { o.PoolID, o.NodeImage = p.ID, p.NodeImage })
}

// undoPool removes the pool from a cluster that stays. From one that goes, it goes with it, and not
// before: until then it costs more than all the rest.
func undoPool(ctx context.Context, r *Run) error {
	if !clusterStays(r) && r.Owns(clusterResource(r)) {
		r.Progress("it goes with the cluster", -1)
		return nil
	}
	group, name := clusterPlace(r)
	pool := r.Inputs().Pool
	return r.Remove(ctx, poolResource(r), func(op azure.LRO) error {
		if err := r.Azure().DeletePool(ctx, group, name, pool, op); err != nil {
			return fmt.Errorf("delete node pool %s: %w", pool, err)
		}
		return verifyGone(poolResource(r), func() error {
			_, err := r.Azure().Pool(ctx, group, name, pool)
			return err
		})
	})
}

func runtimeClass() Step {
	return Step{
		ID: "runtime-class", Screen: ScreenNodePool, Title: "Check the runtime class and its nodes",
		Why:     "A pod asks for a confidential guest by the name of this runtime class.",
		Needs:   []string{"node-pool", "credentials"},
		Typical: time.Minute,
		Commands: func(Inputs) []string {
			p := KataCC()
			return []string{
				sh("kubectl", "wait", "node", "--selector", p.NodeSelector, "--for=condition=Ready", "--timeout=10m"),
				sh("kubectl", "get", "runtimeclass", p.RuntimeClass),
			}
		},
		Run: runRuntimeClass,
	}
}

func runRuntimeClass(ctx context.Context, r *Run) error {
	k, err := r.Kube(ctx)
	if err != nil {
		return err
	}
	nodes, err := untilNodesReady(ctx, r, k)
	if err != nil {
		return err
	}
	if err := untilRuntimeClass(ctx, r, k); err != nil {
		return err
	}
	names := make([]string, len(nodes))
	for i, node := range nodes {
		names[i] = node.Name
	}
	slices.Sort(names)
	return r.Update(func(o *Outputs) { o.Nodes = names })
}

func untilNodesReady(ctx context.Context, r *Run, k Kube) (nodes []kube.Node, err error) {
	want := 1 // of a pool that was there before, whatever its size
	if r.Owns(poolResource(r)) {
		want = r.Inputs().PoolNodes
	}
	err = within(ctx, r.Inputs().Patience, func(ctx context.Context) (err error) {
		nodes, err = k.WaitNodes(ctx, r.Profile().NodeSelector, want, func(seen []kube.Node) {
			r.Progress(fmt.Sprintf("%d confidential nodes", len(seen)), -1)
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("wait for nodes with %s: %w", r.Profile().NodeSelector, err)
	}
	return nodes, nil
}

// classLimit is how long AKS may take to add the class once its nodes are ready. It usually comes
// with the first of them.
const classLimit = 5 * time.Minute

func untilRuntimeClass(ctx context.Context, r *Run, k Kube) error {
	class := kube.Ref{APIVersion: "node.k8s.io/v1", Kind: "RuntimeClass", Name: r.Profile().RuntimeClass}
	err := within(ctx, min(r.Inputs().Patience, classLimit), func(ctx context.Context) error {
		return r.Wait(ctx, "AKS adds the runtime class "+class.Name, func(ctx context.Context) (bool, error) {
			_, err := k.Get(ctx, class)
			if kube.IsNotFound(err) {
				return false, nil
			}
			return err == nil, err
		})
	})
	if !errors.Is(err, errPatience) {
		return err
	}
	return &Problem{
		ID: "runtime-class-missing", Class: ClassAvailability,
		Title: "The cluster has no runtime class " + class.Name,
		Why:   "The node pool was made, but AKS did not set up confidential containers on it. " + r.Profile().Retired,
		Remedy: []string{
			"Check that the pool's workload runtime is " + r.Profile().WorkloadRuntime + ".",
			"If it is, the platform no longer offers it: remove everything with cctui cleanup, and try --sandbox.",
		},
		Commands: []string{
			sh("kubectl", "get", "runtimeclass"),
			sh("kubectl", "get", "nodes", "--selector", r.Profile().NodeSelector),
		},
		Links: []string{"https://github.com/Azure/AKS/issues/3781"},
	}
}
