//! Lines and functions: the addresses that may be probed for them, and where functions begin and end.

pub(crate) mod entities;
pub(crate) mod evidence;
pub(crate) mod extents;
pub(crate) mod functions;
pub(crate) mod sites;
