# Reads [meta_data.json, network_data.json] and, as $given, the JSON of the user data; writes assignments for a shell.
. as [$meta, $network]
| (if $given == "" then {} else try ($given | fromjson) catch ("firstboot: this user data is not read, because it is not JSON" | stderr | {}) end) as $user
| {
    uuid: $meta.uuid,
    hostname: (($user.hostname // $meta.hostname) | split(".")[0]),
    login_keys: ([$meta.public_keys // {} | .[]]
        + ($user.ssh_authorized_keys // [])
        + [$user.users // [] | .[] | objects | select(.name == "debian") | .ssh_authorized_keys // [] | .[]]
        | map(rtrimstr("\n")) | join("\n")),
    host_key: ($user.ssh_keys.ed25519_private // "" | rtrimstr("\n")),
    interfaces: ([$network.networks[] | select(.type == "ipv4") | . as $net
        | $network.links[] | select(.id == $net.link)
        | [.ethernet_mac_address, $net.ip_address, $net.netmask,
            ([$net.routes[]? | select(.network == "0.0.0.0") | .gateway][0] // "-")] | join(" ")] | join("\n")),
    resolvers: ([$network.services[]? | select(.type == "dns") | "nameserver " + .address] | join("\n"))
  }
| to_entries[] | "\(.key)=\(.value | @sh)"
