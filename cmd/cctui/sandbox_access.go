package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cctui/cctui/actions"
	"github.com/cctui/cctui/azure"
	"github.com/cctui/cctui/sandbox"
)

// sandboxKubeconfig fetches a kubeconfig as az aks get-credentials would.
func (p *program) sandboxKubeconfig() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "kubeconfig",
		Short: "Print the kubeconfig of a cluster in the sandbox being served; by default the run's own",
		Args:  noArguments,
	}
	group := cmd.Flags().String("group", "", "resource `group` of the cluster (default the run's)")
	cluster := cmd.Flags().String("name", "", "`name` of the cluster (default the run's)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx := cmd.Context()
		e, client, _, err := p.served(ctx)
		if err != nil {
			return err
		}
		in := p.inputsIn(e)
		*cluster = cmp.Or(*cluster, in.ExistingCluster, in.Cluster)
		*group = cmp.Or(*group, in.ClusterGroup, in.ResourceGroup)
		if *cluster == "" || *group == "" {
			return misuse("nothing has run in this sandbox yet: run cctui --auto --sandbox, or give --group and --name")
		}
		kubeconfig, err := client.ClusterCredentials(ctx, azure.Group{Subscription: e.Subscription, Name: *group}, *cluster)
		if err == nil {
			_, err = p.out.Write(kubeconfig)
		}
		return err
	}
	return cmd
}

// sandboxToken prints an access token, as az account get-access-token would.
func (p *program) sandboxToken() *cobra.Command {
	audiences := []string{"management", "vault", "managedhsm", "kubernetes"}
	return &cobra.Command{
		Use:       "token " + strings.Join(audiences, "|"),
		Short:     "Print an access token for a service of the sandbox being served",
		ValidArgs: audiences,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(audiences, args[0]) {
				return misuse("name what the token is for: " + strings.Join(audiences, ", "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			e, _, credential, err := p.served(cmd.Context())
			if err != nil {
				return err
			}
			scope := map[string]string{
				"management": e.ResourceManager + "/.default",
				"vault":      "https://vault.localhost/.default",
				"managedhsm": "https://managedhsm.localhost/.default",
				"kubernetes": clusterScope,
			}[args[0]]
			token, err := credential.Token(cmd.Context(), scope)
			if err == nil {
				_, err = fmt.Fprintln(p.out, token)
			}
			return err
		},
	}
}

// sandboxEnvironment prints shell variables; they hold no secret, but name files that do.
func (p *program) sandboxEnvironment() *cobra.Command {
	return &cobra.Command{
		Use:   "env",
		Short: `Print shell variables for curl and kcat: eval "$(cctui sandbox env)"`,
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, found := p.discovery().running(cmd.Context())
			if !found {
				return noSandbox
			}
			in := p.inputsIn(e)
			variables := [][2]string{
				{"CURL_CA_BUNDLE", p.discovery().ca()},
				{"KCAT_CONFIG", p.discovery().kcat()},
				{"SANDBOX_MANAGEMENT", e.ResourceManager},
				{"SANDBOX_SUBSCRIPTION", e.Subscription},
				{"SANDBOX_ATTESTATION", "https://" + e.AttestationHost},
				{"SANDBOX_VAULT", "https://" + cmp.Or(in.ExistingVault, in.Vault, "NAME") + "." + e.VaultSuffix},
				{"SANDBOX_KUBERNETES", fmt.Sprintf("https://%s.k8s.localhost:%d", cmp.Or(in.ExistingCluster, in.Cluster, "NAME"), e.Port)},
				{"SANDBOX_GROUP", in.ResourceGroup},
			}
			for _, v := range variables {
				fmt.Fprintf(p.out, "export %s='%s'\n", v[0], strings.ReplaceAll(v[1], "'", `'\''`))
			}
			return nil
		},
	}
}

// served signs in to the sandbox that another process serves.
func (p *program) served(ctx context.Context) (sandbox.Endpoints, *azure.Client, *azure.Credential, error) {
	e, found := p.discovery().running(ctx)
	if !found {
		return e, nil, nil, noSandbox
	}
	around, err := inSandbox(e)
	if err != nil {
		return e, nil, nil, err
	}
	client, credential, err := around.client(ctx)
	return e, client, credential, err
}

// inputsIn are those of the run in a shared sandbox; empty before there is one.
func (p *program) inputsIn(e sandbox.Endpoints) actions.Inputs {
	journal, err := actions.Peek(filepath.Join(stateDir(p.getenv), "sandbox-"+e.ID))
	if err != nil {
		return actions.Inputs{}
	}
	return journal.Inputs()
}
