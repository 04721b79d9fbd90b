//! The commands of the command line, with the extension in the database and without.
