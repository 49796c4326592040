//! The tables, as Parquet declares them; README.md ("Fleets") says what is in them.

/// Version of the tables: key `cov_trace.version` of each file, and all that is in the folder's mark.
///
/// It is raised when a column changes its meaning or goes, not when one is added.
pub const VERSION: u32 = 1;

/// A table: the folder that its files are in, and its columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    pub name: &'static str,
    pub columns: &'static str,
    /// By which of the columns the rows are sorted, from the first on.
    pub sorted_by: usize,
}

/// Lines that ran: ranges of consecutive lines, none of which did not run.
pub(super) const HITS: Table = Table {
    name: "hits",
    columns: "message hits {
        required binary file (STRING);
        required binary text (STRING);
        required int32 first_line;
        required int32 last_line;
        required binary context (STRING);
        required int64 image;
        required int64 process;
        required int32 pid;
    }",
    sorted_by: 4,
};

/// Functions that ran, of those that a probe of their own tells of.
pub(super) const CALLS: Table = Table {
    name: "calls",
    columns: "message calls {
        required binary file (STRING);
        required binary text (STRING);
        required binary name (STRING);
        required int32 first_line;
        required binary context (STRING);
        required int64 image;
        required int64 process;
        required int32 pid;
    }",
    sorted_by: 2,
};

/// The processes.
pub(super) const PROCESSES: Table = Table {
    name: "processes",
    columns: "message processes {
        required int64 process;
        required int32 pid;
        required int64 sequence;
        required boolean complete;
        required int64 start_ticks;
        required int64 started (TIMESTAMP(MILLIS,true));
        optional int64 attached (TIMESTAMP(MILLIS,true));
        optional int32 parent_pid;
        optional int64 parent_start_ticks;
        optional int64 ended (TIMESTAMP(MILLIS,true));
        optional binary end_reason (STRING);
        optional int32 exit_status;
        optional int32 end_signal;
        optional boolean core;
        optional binary scope (STRING);
        optional binary exe (STRING);
        required group argv (LIST) { repeated group list { required binary element (STRING); } }
        optional binary cwd (STRING);
        required group images (LIST) { repeated group list { required int64 element; } }
        required group warnings (LIST) { repeated group list { required binary element (STRING); } }
        required group labels (MAP) {
            repeated group key_value { required binary key (STRING); required binary value (STRING); }
        }
    }",
    sorted_by: 0,
};

/// The executables and libraries.
pub(super) const IMAGES: Table = Table {
    name: "images",
    columns: "message images {
        required int64 image;
        required binary path (STRING);
        optional binary build_id (STRING);
        required group warnings (LIST) { repeated group list { required binary element (STRING); } }
    }",
    sorted_by: 0,
};

/// The sources of an image.
pub(super) const FILES: Table = Table {
    name: "files",
    columns: "message files {
        required int64 image;
        required binary file (STRING);
        required binary text (STRING);
        optional binary digest (STRING);
        required int32 lines;
        required int32 functions;
    }",
    sorted_by: 0,
};

/// The executable lines of an image: ranges of consecutive lines.
pub(super) const LINES: Table = Table {
    name: "lines",
    columns: "message lines {
        required int64 image;
        required binary file (STRING);
        required binary text (STRING);
        required int32 first_line;
        required int32 last_line;
    }",
    sorted_by: 0,
};

/// The functions of an image.
pub(super) const FUNCTIONS: Table = Table {
    name: "functions",
    columns: "message functions {
        required int64 image;
        required binary file (STRING);
        required binary text (STRING);
        required binary name (STRING);
        required int32 first_line;
        required int32 last_line;
        required boolean told;
    }",
    sorted_by: 0,
};
