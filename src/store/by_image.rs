//! What is known of images that come again and again, by their place in memory: comparing their facts takes longer.
//!
//! Invariant: the facts are kept with what is known of them, so that no others come to be at their place.

use super::ImageFacts;
use std::collections::HashMap;
use std::sync::Arc;

/// Something of each image, of so many at most.
#[derive(Debug)]
pub(crate) struct ByImage<T>(HashMap<usize, (Arc<ImageFacts>, T)>);

impl<T> Default for ByImage<T> {
    fn default() -> Self {
        ByImage(HashMap::new())
    }
}

impl<T> ByImage<T> {
    const MOST: usize = 256;

    /// What is known of an image.
    pub fn get(&self, image: &Arc<ImageFacts>) -> Option<&T> {
        self.0.get(&Arc::as_ptr(image).addr()).map(|(_, known)| known)
    }

    /// The same, or what `make` gives; where it is one too many, all others are forgotten.
    pub fn get_or(&mut self, image: &Arc<ImageFacts>, make: impl FnOnce() -> T) -> &mut T {
        let at = Arc::as_ptr(image).addr();
        if self.0.len() >= Self::MOST && !self.0.contains_key(&at) {
            self.0.clear();
        }
        &mut self.0.entry(at).or_insert_with(|| (image.clone(), make())).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_image_is_known_until_there_are_too_many() {
        let images: Vec<Arc<ImageFacts>> = (0..=ByImage::<usize>::MOST).map(|_| Arc::default()).collect();
        let mut known = ByImage::default();
        for (number, image) in images[1..].iter().enumerate() {
            assert_eq!(known.get(image), None);
            assert_eq!(*known.get_or(image, || number), number);
            assert_eq!(*known.get_or(image, || usize::MAX), number, "it is not made again");
        }
        assert_eq!(known.get(&images[1]), Some(&0));
        known.get_or(&images[0], || 7);
        assert_eq!((known.get(&images[0]), known.get(&images[1])), (Some(&7), None));
    }
}
