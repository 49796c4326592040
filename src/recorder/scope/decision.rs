//! What is measured of an image, by where its sources are.
//!
//! Invariant: as long as no image of the project is known, everything is measured: when in doubt, nothing is lost.

/// Where a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SourcePlace {
    /// In the project.
    Own,
    /// Elsewhere, or in a folder of the project that has the work of others or build output.
    Elsewhere,
    /// It comes with a compiler and is in everything which that builds.
    Toolchain,
    /// There is none of that name here: it was moved or removed, or the image was built elsewhere.
    Unknown,
}

/// What is measured of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measured {
    /// The sources in the project.
    Own,
    /// Those that are unknown: the image is in the project, and so may be what it was built from.
    Unknown,
    /// Everything but what comes with the compiler, since nothing of the project is known yet.
    Whole,
    /// Nothing: it is only followed.
    Nothing,
}

/// Decides for an image; `is_in_project` says whether its file is, `is_known` whether any earlier image was of the project.
pub(super) fn measured(places: &[SourcePlace], is_in_project: bool, is_known: bool) -> Measured {
    let has = |place| places.contains(&place);
    if has(SourcePlace::Own) {
        Measured::Own
    } else if is_in_project && has(SourcePlace::Unknown) {
        Measured::Unknown
    } else if !is_known && (has(SourcePlace::Elsewhere) || has(SourcePlace::Unknown)) {
        Measured::Whole
    } else {
        Measured::Nothing
    }
}

impl Measured {
    /// Whether an image of which this is measured is of the project.
    pub fn is_of_project(self) -> bool {
        match self {
            Measured::Own | Measured::Unknown => true,
            Measured::Whole | Measured::Nothing => false,
        }
    }

    /// Whether a source at a place is measured.
    pub fn takes(self, place: SourcePlace) -> bool {
        match self {
            Measured::Own => place == SourcePlace::Own,
            Measured::Unknown => place == SourcePlace::Unknown,
            Measured::Whole => place != SourcePlace::Toolchain,
            Measured::Nothing => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SourcePlace::*;

    /// What is measured of the images of a run, in the order in which they appear.
    fn of_run(images: &[(&[SourcePlace], bool)]) -> Vec<Measured> {
        let mut is_known = false;
        let decide = |(places, is_in_project): &(&[SourcePlace], bool)| {
            let measured = measured(places, *is_in_project, is_known);
            is_known |= measured.is_of_project();
            measured
        };
        images.iter().map(decide).collect()
    }

    #[test]
    fn the_table_of_cases() {
        let (inside, outside) = (true, false);
        let project: (&[SourcePlace], bool) = (&[Own, Elsewhere, Toolchain], inside);
        let library: (&[SourcePlace], bool) = (&[Elsewhere], outside);
        let stripped: (&[SourcePlace], bool) = (&[], outside);
        let std_only: (&[SourcePlace], bool) = (&[Toolchain], outside);
        let moved: (&[SourcePlace], bool) = (&[Unknown, Toolchain, Elsewhere], inside);
        let vendored: (&[SourcePlace], bool) = (&[Elsewhere, Toolchain], inside);
        let distant: (&[SourcePlace], bool) = (&[Unknown], outside);
        for (case, images, expected) in [
            ("a program of the project", &[project, library][..], &[Measured::Own, Measured::Nothing][..]),
            ("installed, with sources in the project", &[(&[Own], outside)], &[Measured::Own]),
            ("a program without debug info runs one", &[stripped, project], &[Measured::Nothing, Measured::Own]),
            (
                "a program with debug info of its own runs one",
                &[library, project, distant],
                &[Measured::Whole, Measured::Own, Measured::Nothing],
            ),
            ("one that has std's only", &[std_only, project], &[Measured::Nothing, Measured::Own]),
            ("none of the project", &[library, distant, library], &[Measured::Whole; 3]),
            ("none of it, run by a shell", &[stripped, library], &[Measured::Nothing, Measured::Whole]),
            ("built elsewhere and copied here", &[moved, library], &[Measured::Unknown, Measured::Nothing]),
            ("a library of the project that was", &[project, moved], &[Measured::Own, Measured::Unknown]),
            ("a vendored library", &[project, vendored], &[Measured::Own, Measured::Nothing]),
            ("a vendored program alone", &[vendored], &[Measured::Whole]),
        ] {
            assert_eq!(of_run(images), expected, "{case}");
        }
    }

    #[test]
    fn what_is_taken_of_an_image() {
        let taken = |measured: Measured| [Own, Elsewhere, Toolchain, Unknown].map(|place| measured.takes(place));
        assert_eq!(taken(Measured::Own), [true, false, false, false]);
        assert_eq!(taken(Measured::Unknown), [false, false, false, true]);
        assert_eq!(taken(Measured::Whole), [true, true, false, true]);
        assert_eq!(taken(Measured::Nothing), [false; 4]);
    }
}
