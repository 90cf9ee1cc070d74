package policy

// DefaultSettings are what the generator allows every pod: the variables that the kubelet and the
// workload identity webhook add, reading logs, and nothing to be executed.
// The authority host is the sandbox's, where Azure's generator has login.microsoftonline.com.
// Source: genpolicy-settings.json of microsoft/kata-containers, tag 3.2.0.azl3.genpolicy3.
func DefaultSettings() Defaults {
	return Defaults{
		CreateContainerRequest: CreateContainer{AllowEnvRegex: []string{
			`^HOSTNAME=[a-z0-9.-]+$`,
			`^[A-Z0-9_]+_SERVICE_HOST=[0-9.]+$`,
			`^[A-Z0-9_]+_SERVICE_PORT(_[A-Z0-9_]+)?=[0-9]+$`,
			`^[A-Z0-9_]+_PORT=(tcp|udp)://[0-9.]+:[0-9]+$`,
			`^[A-Z0-9_]+_PORT_[0-9]+_(TCP|UDP)=(tcp|udp)://[0-9.]+:[0-9]+$`,
			`^[A-Z0-9_]+_PORT_[0-9]+_(TCP|UDP)_PROTO=(tcp|udp)$`,
			`^[A-Z0-9_]+_PORT_[0-9]+_(TCP|UDP)_PORT=[0-9]+$`,
			`^[A-Z0-9_]+_PORT_[0-9]+_(TCP|UDP)_ADDR=[0-9.]+$`,
			`^AZURE_CLIENT_ID=[A-Fa-f0-9-]*$`,
			`^AZURE_TENANT_ID=[A-Fa-f0-9-]*$`,
			`^AZURE_FEDERATED_TOKEN_FILE=/var/run/secrets/azure/tokens/azure-identity-token$`,
			`^AZURE_AUTHORITY_HOST=https://login\.localhost(:[0-9]+)?/?$`,
		}},
		ExecProcessRequest: ExecProcess{Commands: []string{}, Regex: []string{}},
		ReadStreamRequest:  true,
	}
}

// platformMounts are the mounts that every container of a Kata pod has.
func platformMounts() []Mount {
	readonly := []string{"rbind", "rprivate", "ro"}
	writable := []string{"rbind", "rprivate", "rw"}
	return []Mount{
		{Destination: "/etc/hosts", Source: "$(sfprefix)hosts$", Type: "bind", Options: writable},
		{Destination: "/etc/hostname", Source: "$(sfprefix)hostname$", Type: "bind", Options: writable},
		{Destination: "/etc/resolv.conf", Source: "$(sfprefix)resolv.conf$", Type: "bind", Options: writable},
		{Destination: "/dev/termination-log", Source: "$(sfprefix)termination-log$", Type: "bind", Options: writable},
		{Destination: "/var/run/secrets/kubernetes.io/serviceaccount", Source: "$(sfprefix)serviceaccount$", Type: "bind", Options: readonly},
		{Destination: "/var/run/secrets/azure/tokens", Source: "$(sfprefix)tokens$", Type: "bind", Options: readonly},
	}
}
