//! The kernel's own file systems: what looks like a file there tells secrets, takes away what is read, or has no end.

use nix::sys::statfs::fstatfs;
use std::fs::File;
use std::io;

/// File systems that hold no files, by their magic numbers (statfs(2), linux/magic.h): proc, sys, debug, trace, security,
/// cgroup, cgroup2, pstore, efivar, bpf, config, devpts, binfmt_misc, selinux, smack, ns, mqueue, fusectl, resctrl, xen,
/// sockets, pipes, anonymous inodes.
const OF_THE_KERNEL: [u64; 23] = [
    0x9fa0,
    0x6265_6572,
    0x6462_6720,
    0x7472_6163,
    0x7363_6673,
    0x0027_e0eb,
    0x6367_7270,
    0x6165_676c,
    0xde5e_81e4,
    0xcafe_4a11,
    0x6265_6570,
    0x1cd1,
    0x4249_4e4d,
    0xf97c_ff8c,
    0x4341_5d53,
    0x6e73_6673,
    0x1980_0202,
    0x6573_5543,
    0x0765_5821,
    0xabba_1974,
    0x534f_434b,
    0x5049_5045,
    0x0904_1934,
];

/// Refuses what is on one of the kernel's own file systems.
pub(crate) fn refuse_kernel_files(file: &File) -> io::Result<()> {
    // The numbers have 32 bits; the type has more on some machines, and a sign.
    let magic = fstatfs(file)?.filesystem_type().0 as u64 & 0xffff_ffff;
    if OF_THE_KERNEL.contains(&magic) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a file of the kernel's, not a regular file"));
    }
    Ok(())
}
