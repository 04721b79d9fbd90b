//! The picture of a schema: what is drawn, and how names in it are written.

mod svg;
