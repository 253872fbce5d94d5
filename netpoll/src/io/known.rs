//! Which readers and writers can be asked without waiting.
//!
//! [`copy`](crate::io::copy) takes all that std's takes, so it cannot ask for a trait; it looks whether
//! the type is one of a list. Types are compared by their ids with all lifetimes taken for
//! `'static`. What two types that differ in lifetimes only have in common is their layout; so a
//! reference that was found that way is used for no longer than the one it was found behind.

use std::any::TypeId;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::marker::PhantomData;
use std::mem;

use crate::io::ends::{Input, Output};
use crate::net::{Pollable, TcpStream, UnixStream};

/// `reader`, if it is of a known type.
pub(crate) fn input<R: Read + ?Sized>(reader: &R) -> Option<&dyn Input> {
    if let Some(stream) = of_type::<R, TcpStream>(reader) {
        return Some(stream.socket());
    }
    if let Some(stream) = of_type::<R, UnixStream>(reader) {
        return Some(stream.socket());
    }
    if let Some(pipe) = of_type::<R, Pollable<PipeReader>>(reader) {
        return Some(pipe);
    }
    None
}

/// `writer`, if it is of a known type.
pub(crate) fn output<W: Write + ?Sized>(writer: &W) -> Option<&dyn Output> {
    if let Some(stream) = of_type::<W, TcpStream>(writer) {
        return Some(stream.socket());
    }
    if let Some(stream) = of_type::<W, UnixStream>(writer) {
        return Some(stream.socket());
    }
    if let Some(pipe) = of_type::<W, Pollable<PipeWriter>>(writer) {
        return Some(pipe);
    }
    None
}

/// `value`, if it is a `T`, a `&T` or a `&mut T`.
fn of_type<V: ?Sized, T: 'static>(value: &V) -> Option<&T> {
    let id = id_of::<V>();
    let value: *const V = value;
    if id == TypeId::of::<T>() {
        // SAFETY: `V` is `T`, which has no lifetimes; borrowed for as long as `value`.
        Some(unsafe { &*value.cast::<T>() })
    } else if id == TypeId::of::<&'static T>() {
        // SAFETY: `V` is a reference to `T` of some lifetime, which is at least as long as that of
        // the borrow of `value`; it is copied, and used for the latter only.
        Some(unsafe { *value.cast::<&T>() })
    } else if id == TypeId::of::<&'static mut T>() {
        // SAFETY: as above; borrowed for as long as `value`, which is shared, it is shared too.
        Some(unsafe { &**value.cast::<&mut T>() })
    } else {
        None
    }
}

/// The id of `V` with all lifetimes taken for `'static`.
fn id_of<V: ?Sized>() -> TypeId {
    trait Known {
        fn id(&self) -> TypeId
        where
            Self: 'static;
    }

    impl<V: ?Sized> Known for PhantomData<V> {
        fn id(&self) -> TypeId
        where
            Self: 'static,
        {
            TypeId::of::<V>()
        }
    }

    let phantom = PhantomData::<V>;
    let known: &dyn Known = &phantom;
    // SAFETY: only the trait object's lifetime is changed, and only for a call that knows the type
    // by its id and touches no value of it.
    let known = unsafe { mem::transmute::<&dyn Known, &(dyn Known + 'static)>(known) };
    known.id()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Empty, Sink};

    struct Lent<'a>(PhantomData<&'a ()>);

    impl Read for Lent<'_> {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Ok(0)
        }
    }

    #[test]
    fn known_types_are_found_behind_references_of_any_lifetime() {
        let (reader, writer) = std::io::pipe().unwrap();
        let (reader, writer) = (
            Pollable::new(reader).unwrap(),
            Pollable::new(writer).unwrap(),
        );
        assert!(input(&reader).is_some());
        assert!(input(&&reader).is_some());
        assert!(output(&writer).is_some());
        assert!(output(&&writer).is_some());
        let (mut reader, mut writer) = (reader, writer);
        assert!(input(&&mut reader).is_some());
        assert!(output(&&mut writer).is_some());
    }

    #[test]
    fn others_are_not_known() {
        assert!(input::<Empty>(&std::io::empty()).is_none());
        assert!(input::<dyn Read>(&std::io::empty()).is_none());
        assert!(input(&Lent(PhantomData)).is_none());
        assert!(input::<&[u8]>(&&b"x"[..]).is_none());
        assert!(output::<Sink>(&std::io::sink()).is_none());
    }
}
