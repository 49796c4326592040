//! Where a process runs: machine, boot, container, service. For people and queries; nothing depends on it.

use crate::Pid;
use crate::procfs::read;

/// The node name of the machine as uname(2) gives it, which is that of this process's UTS namespace.
pub fn node_name() -> Option<String> {
    let name = nix::sys::utsname::uname().ok()?.nodename().to_string_lossy().into_owned();
    Some(name).filter(|name| !name.is_empty())
}

/// The id of the kernel's boot (random(4)).
pub fn boot_id() -> Option<String> {
    let id = read("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned();
    Some(id).filter(|id| !id.is_empty())
}

/// The id of the container that a process runs in: 64 hexadecimal digits, as docker, podman and containerd give it.
///
/// In a cgroup namespace of its own the cgroup does not tell; then the files do that the engine mounts into each container.
/// Those of a pod may have the id of the pod.
pub fn container(pid: Pid) -> Option<String> {
    let of_cgroup = || container_in_cgroup(&read(&format!("/proc/{pid}/cgroup")).ok()?);
    let of_mounts = || container_in_mounts(&read(&format!("/proc/{pid}/mountinfo")).ok()?);
    of_cgroup().or_else(of_mounts)
}

/// The systemd unit that a process belongs to, if that is a service: `nginx.service`.
pub fn service(pid: Pid) -> Option<String> {
    service_in_cgroup(&read(&format!("/proc/{pid}/cgroup")).ok()?)
}

/// The paths of a /proc/PID/cgroup (cgroups(7)).
fn cgroup_paths(cgroup: &str) -> impl Iterator<Item = &str> {
    cgroup.lines().filter_map(|line| line.splitn(3, ':').nth(2))
}

fn container_in_cgroup(cgroup: &str) -> Option<String> {
    cgroup_paths(cgroup).find_map(|path| path.rsplit('/').find_map(container_of_group))
}

/// The id in the name of one group: `ID`, `docker-ID.scope`, `libpod-ID`; the process that watches a container, conmon, is
/// not in it.
fn container_of_group(name: &str) -> Option<String> {
    let name = name.strip_suffix(".scope").unwrap_or(name);
    let (engine, id) = name.rsplit_once(['-', ':']).unwrap_or(("", name));
    (is_container_id(id) && !engine.ends_with("conmon")).then(|| id.to_owned())
}

/// The id in the place where one of the files is from that each container has of its engine; proc_pid_mountinfo(5).
fn container_in_mounts(mountinfo: &str) -> Option<String> {
    const OF_ENGINE: [&str; 3] = ["/etc/hostname", "/etc/resolv.conf", "/etc/hosts"];
    let place = |line: &str| {
        let mut fields = line.split(' ').skip(3);
        let (root, mounted) = (fields.next()?, fields.next()?);
        let id = root.rsplit('/').find(|part| is_container_id(part))?;
        OF_ENGINE.contains(&mounted).then(|| id.to_owned())
    };
    mountinfo.lines().find_map(place)
}

fn is_container_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// The innermost unit of the path, if it is a service: a scope in a service, as a session or a container, is no part of it.
fn service_in_cgroup(cgroup: &str) -> Option<String> {
    let is_unit = |name: &&str| name.ends_with(".service") || name.ends_with(".scope");
    let unit = cgroup_paths(cgroup).find_map(|path| path.rsplit('/').find(is_unit))?;
    (unit.ends_with(".service") && unit != ".service").then(|| unit.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn containers_are_known_by_their_group() {
        for path in [
            "0::/system.slice/docker-ID.scope",
            "0::/system.slice/docker-ID.scope/system.slice/x.service",
            "12:pids:/docker/ID\n11:memory:/docker/ID",
            "0::/machine.slice/libpod-ID.scope/container",
            "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope",
            "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-ID.scope",
            "0::/kubepods-besteffort-pod7.slice:cri-containerd:ID",
            "0::/default/ID",
        ] {
            assert_eq!(container_in_cgroup(&path.replace("ID", ID)).as_deref(), Some(ID), "{path}");
        }
        for path in
            ["", "0::/", "0::/user.slice/session-3.scope", "0::/machine.slice/libpod-conmon-ID.scope", "0::/x/IDa"]
        {
            assert_eq!(container_in_cgroup(&path.replace("ID", ID)), None, "{path}");
        }
    }

    #[test]
    fn containers_in_a_namespace_are_known_by_what_is_mounted() {
        let docker =
            "712 690 254:1 /var/lib/docker/containers/ID/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw";
        let podman = "1 2 0:25 /containers/overlay-containers/ID/userdata/hosts /etc/hosts rw - tmpfs tmpfs rw";
        for line in [docker, podman] {
            assert_eq!(container_in_mounts(&line.replace("ID", ID)).as_deref(), Some(ID), "{line}");
        }
        // A machine that runs containers is in none.
        let of_machine = "9 2 0:5 / /var/lib/docker/overlay2/ID/merged rw - overlay overlay rw,upperdir=/x/ID\n\
                          8 2 0:5 /a/ID /mnt/ID rw - ext4 /dev/vda1 rw\n\n3 2\n";
        assert_eq!(container_in_mounts(&of_machine.replace("ID", ID)), None);
    }

    #[test]
    fn a_service_is_the_innermost_unit() {
        for (path, service) in [
            ("0::/system.slice/nginx.service", Some("nginx.service")),
            ("0::/system.slice/system-getty.slice/getty@tty1.service/worker", Some("getty@tty1.service")),
            ("1:name=systemd:/system.slice/cron.service\n0::/", Some("cron.service")),
            ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope", None),
            ("0::/user.slice/user-0.slice/session-1.scope", None),
            ("0::/system.slice/docker-1.scope/system.slice/in.service", Some("in.service")),
            ("0::/", None),
            ("", None),
        ] {
            assert_eq!(service_in_cgroup(path).as_deref(), service, "{path}");
        }
    }

    #[test]
    fn this_machine_has_a_name_and_a_boot() {
        assert!(node_name().is_some_and(|name| !name.is_empty()));
        assert_eq!(boot_id().map(|id| id.len()), Some(36));
    }
}
