//! Files: what std's do, without holding up the worker.

mod common;
#[path = "common/dir.rs"]
mod dir;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, IoSlice, IoSliceMut};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::fs::{
    DirBuilderExt, DirEntryExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt, symlink,
};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use common::{Mode, bytes, cases};
use dir::Dir;
use hueless_netpoll::fs::{self, DirBuilder, File, FileTimes, OpenOptions};
use hueless_netpoll::process::Command;

cases!(
    whole_files_come_and_go,
    files_are_read_written_and_sought,
    several_buffers_at_once,
    many_tasks_read_one_file_at_their_places,
    buffered_lines,
    options_hold,
    what_is_known_of_a_file_can_be_set,
    directories_list_what_std_lists,
    links_and_names,
    errors_are_stds,
    files_go_to_std_and_back,
    dropped_files_are_closed,
);

fn whole_files_come_and_go<M: Mode>() {
    let dir = Dir::new();
    let path = dir.path("a");
    let data = bytes(1, 3_000_000);
    fs::write(&path, &data).unwrap();
    assert!(fs::read(&path).unwrap() == data);
    fs::write(&path, "größer").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "größer");
    assert_eq!(fs::copy(&path, dir.path("b")).unwrap(), 8);
    assert_eq!(fs::read(dir.path("b")).unwrap(), "größer".as_bytes());
    fs::write(&path, [0xff]).unwrap();
    let error = fs::read_to_string(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(fs::exists(&path).unwrap());
    fs::remove_file(&path).unwrap();
    assert!(!fs::exists(&path).unwrap());
}

fn files_are_read_written_and_sought<M: Mode>() {
    let dir = Dir::new();
    let data = bytes(2, 100_000);
    let mut options = File::options();
    let mut file = options
        .read(true)
        .write(true)
        .create(true)
        .open(dir.path("a"))
        .unwrap();
    for piece in data.chunks(30_000) {
        file.write_all(piece).unwrap();
    }
    file.flush().unwrap();
    assert_eq!(file.stream_position().unwrap(), 100_000);
    file.rewind().unwrap();
    let mut got = vec![0; 40_000];
    (&file).read_exact(&mut got).unwrap();
    assert_eq!((&file).read_to_end(&mut got).unwrap(), 60_000);
    assert!(got == data);
    assert_eq!(file.read(&mut [0]).unwrap(), 0);

    assert_eq!(file.seek(SeekFrom::End(-1)).unwrap(), 99_999);
    assert_eq!((&file).write(&[7, 7]).unwrap(), 2);
    assert_eq!((&file).seek(SeekFrom::Current(-2)).unwrap(), 99_999);
    let error = file.read_exact(&mut [0; 3]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert!(file.seek(SeekFrom::Current(-1_000_000)).is_err());

    let text = dir.path("text");
    fs::write(&text, "some text").unwrap();
    let mut string = String::from("> ");
    File::open(&text)
        .unwrap()
        .read_to_string(&mut string)
        .unwrap();
    assert_eq!(string, "> some text");
    assert!(file.sync_all().is_ok() && file.sync_data().is_ok());
}

fn several_buffers_at_once<M: Mode>() {
    let dir = Dir::new();
    let mut file = File::create_new(dir.path("a")).unwrap();
    let bufs = [IoSlice::new(b"ab"), IoSlice::new(b"cde")];
    assert_eq!(file.write_vectored(&bufs).unwrap(), 5);
    file.rewind().unwrap();
    let (mut first, mut second) = ([0; 3], [0; 3]);
    let mut bufs = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
    assert_eq!(file.read_vectored(&mut bufs).unwrap(), 5);
    assert_eq!((&first, &second), (b"abc", b"de\0"));
}

fn many_tasks_read_one_file_at_their_places<M: Mode>() {
    let dir = Dir::new();
    let data = bytes(3, 64 * 1000);
    let file = File::create_new(dir.path("a")).unwrap();
    file.write_all_at(&data, 0).unwrap();
    let (file, data) = (Arc::new(file), Arc::new(data));
    let readers: Vec<_> = (0..16)
        .map(|task| {
            let (file, data) = (file.clone(), data.clone());
            M::spawn(move || {
                for round in 0..20 {
                    let place = (task * 20 + round) * 100;
                    let mut got = [0; 1000];
                    file.read_exact_at(&mut got, place as u64).unwrap();
                    assert_eq!(got, data[place..place + 1000]);
                }
            })
        })
        .collect();
    readers.into_iter().for_each(|reader| reader.join());
    assert_eq!(file.write_at(b"xy", 10).unwrap(), 2);
    let mut got = [0; 4];
    assert_eq!(file.read_at(&mut got, 9).unwrap(), 4);
    assert_eq!(&got[1..3], b"xy");
    assert_eq!(file.read_at(&mut got, 64_000).unwrap(), 0);
}

fn buffered_lines<M: Mode>() {
    let dir = Dir::new();
    let mut writer = BufWriter::new(File::create(dir.path("a")).unwrap());
    for line in 0..10_000 {
        writeln!(writer, "line {line}").unwrap();
    }
    writer.flush().unwrap();
    let reader = BufReader::new(File::open(dir.path("a")).unwrap());
    for (number, line) in reader.lines().enumerate() {
        assert_eq!(line.unwrap(), format!("line {number}"));
    }
}

fn options_hold<M: Mode>() {
    let dir = Dir::new();
    let path = dir.path("a");
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o640);
    options.open(&path).unwrap().write_all(b"one").unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o640
    );
    assert_eq!(
        options.open(&path).unwrap_err().kind(),
        ErrorKind::AlreadyExists
    );
    let again = File::create_new(&path);
    assert_eq!(again.unwrap_err().kind(), ErrorKind::AlreadyExists);

    let mut log = OpenOptions::new().append(true).open(&path).unwrap();
    log.write_all(b" two").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"one two");
    let error = log.read(&mut [0]).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EBADF));
    OpenOptions::new()
        .write(true)
        .truncate(true)
        .open(&path)
        .unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"");
    let error = OpenOptions::new().open(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);

    symlink(&path, dir.path("link")).unwrap();
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(libc::O_NOFOLLOW);
    let error = options.open(dir.path("link")).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ELOOP));
}

fn what_is_known_of_a_file_can_be_set<M: Mode>() {
    let dir = Dir::new();
    let path = dir.path("a");
    let file = File::create(&path).unwrap();
    file.set_len(12_345).unwrap();
    assert_eq!(file.metadata().unwrap().len(), 12_345);
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    file.set_times(FileTimes::new().set_accessed(then)).unwrap();
    file.set_modified(then).unwrap();
    let known = fs::metadata(&path).unwrap();
    assert_eq!(
        (known.accessed().unwrap(), known.modified().unwrap()),
        (then, then)
    );
    file.set_permissions(PermissionsExt::from_mode(0o600))
        .unwrap();
    fs::set_permissions(&dir.0, PermissionsExt::from_mode(0o700)).unwrap();
    for path in [&path, &dir.0] {
        let ours = fs::metadata(path).unwrap();
        let stds = std::fs::metadata(path).unwrap();
        assert_eq!((ours.mode(), ours.ino()), (stds.mode(), stds.ino()));
    }
    let mut clone = file.try_clone().unwrap();
    clone.seek(SeekFrom::Start(77)).unwrap();
    assert_eq!((&file).stream_position().unwrap(), 77);
}

fn directories_list_what_std_lists<M: Mode>() {
    let dir = Dir::new();
    // More than are fetched at a time, and exactly as many.
    for count in [0, 3, 128, 300] {
        let path = dir.path(&format!("dir{count}"));
        DirBuilder::new().mode(0o700).create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        for i in 0..count {
            let name = path.join(format!("{i}"));
            match i % 3 {
                0 => fs::write(name, "x").unwrap(),
                1 => fs::create_dir(name).unwrap(),
                _ => symlink("nowhere", name).unwrap(),
            }
        }
        let ours: BTreeMap<OsString, _> = fs::read_dir(&path)
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                assert_eq!(entry.path(), path.join(entry.file_name()));
                let file_type = entry.file_type().unwrap();
                assert_eq!(entry.metadata().unwrap().file_type(), file_type);
                (entry.file_name(), (file_type, entry.ino()))
            })
            .collect();
        let stds: BTreeMap<OsString, _> = std::fs::read_dir(&path)
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let facts = (entry.file_type().unwrap(), entry.ino());
                (entry.file_name(), facts)
            })
            .collect();
        assert_eq!(ours.len(), count);
        assert_eq!(ours, stds);
    }
    let mut entries = fs::read_dir(&dir.0).unwrap();
    assert_eq!(entries.by_ref().count(), 4);
    assert!(entries.next().is_none());
    assert!(format!("{entries:?}").contains("ReadDir"));
    fs::remove_dir_all(dir.path("dir300")).unwrap();
    assert!(!fs::exists(dir.path("dir300")).unwrap());
}

fn links_and_names<M: Mode>() {
    let dir = Dir::new();
    fs::create_dir_all(dir.path("a/b/c")).unwrap();
    fs::create_dir_all(dir.path("a/b/c")).unwrap();
    fs::write(dir.path("a/b/file"), "x").unwrap();
    fs::hard_link(dir.path("a/b/file"), dir.path("hard")).unwrap();
    assert_eq!(fs::metadata(dir.path("hard")).unwrap().nlink(), 2);
    fs::rename(dir.path("a/b/file"), dir.path("a/file")).unwrap();
    symlink("a/file", dir.path("soft")).unwrap();
    assert_eq!(
        fs::read_link(dir.path("soft")).unwrap(),
        Path::new("a/file")
    );
    assert!(fs::symlink_metadata(dir.path("soft")).unwrap().is_symlink());
    assert!(fs::metadata(dir.path("soft")).unwrap().is_file());
    let canonical = fs::canonicalize(dir.path("a/b/../../soft")).unwrap();
    assert_eq!(
        canonical,
        std::fs::canonicalize(dir.path("a/file")).unwrap()
    );
    fs::remove_dir(dir.path("a/b/c")).unwrap();
    let mut builder = DirBuilder::new();
    builder.recursive(true).create(dir.path("x/y")).unwrap();
    assert!(dir.path("x/y").is_dir());
}

fn errors_are_stds<M: Mode>() {
    let dir = Dir::new();
    let (none, full) = (dir.path("none"), dir.path("full"));
    fs::create_dir_all(full.join("inner")).unwrap();
    fn same<T, U>(ours: io::Result<T>, stds: io::Result<U>) {
        let (ours, stds) = (ours.err().unwrap(), stds.err().unwrap());
        assert_eq!(ours.raw_os_error(), stds.raw_os_error());
        assert_eq!(ours.kind(), stds.kind());
        assert_eq!(ours.to_string(), stds.to_string());
    }
    same(File::open(&none), std::fs::File::open(&none));
    same(File::create(&full), std::fs::File::create(&full));
    same(fs::read(&none), std::fs::read(&none));
    same(fs::read(&full), std::fs::read(&full));
    same(fs::read_to_string(&none), std::fs::read_to_string(&none));
    same(fs::write(&full, ""), std::fs::write(&full, ""));
    same(fs::metadata(&none), std::fs::metadata(&none));
    same(
        fs::symlink_metadata(&none),
        std::fs::symlink_metadata(&none),
    );
    same(fs::remove_file(&none), std::fs::remove_file(&none));
    same(fs::remove_dir(&full), std::fs::remove_dir(&full));
    same(fs::remove_dir_all(&none), std::fs::remove_dir_all(&none));
    same(fs::create_dir(&full), std::fs::create_dir(&full));
    same(fs::rename(&none, &full), std::fs::rename(&none, &full));
    same(fs::copy(&none, &full), std::fs::copy(&none, &full));
    same(
        fs::hard_link(&none, &full),
        std::fs::hard_link(&none, &full),
    );
    same(fs::read_link(&full), std::fs::read_link(&full));
    same(fs::canonicalize(&none), std::fs::canonicalize(&none));
    same(fs::read_dir(&none), std::fs::read_dir(&none));
    same(fs::read("a\0b"), std::fs::read("a\0b"));
}

fn files_go_to_std_and_back<M: Mode>() {
    let dir = Dir::new();
    let file = File::create(dir.path("a")).unwrap();
    let number = file.as_raw_fd();
    let file = File::from(OwnedFd::from(File::from(file.into_std())));
    // SAFETY: `into_raw_fd` gives up the descriptor.
    let file = unsafe { File::from_raw_fd(file.into_raw_fd()) };
    assert_eq!(file.as_fd().as_raw_fd(), number);
    assert!(format!("{file:?}").contains(dir.path("a").to_str().unwrap()));
    let file: std::fs::File = file.into();
    let status = Command::new("echo")
        .arg("hello")
        .stdout(File::from(file))
        .status();
    assert!(status.unwrap().success());
    assert_eq!(fs::read(dir.path("a")).unwrap(), b"hello\n");
}

fn dropped_files_are_closed<M: Mode>() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let dir = Dir::new();
    let open = || {
        let inside = dir.0.to_str().unwrap();
        common::targets()
            .filter(|(_, target)| target.starts_with(inside))
            .count()
    };
    let files: Vec<_> = (0..20)
        .map(|i| File::create(dir.path(&i.to_string())).unwrap())
        .collect();
    let mut entries = fs::read_dir(&dir.0).unwrap();
    entries.next();
    // The listing may have come to its end, which closes it.
    assert!(open() >= 20);
    drop((files, entries));
    assert_eq!(open(), 0);
}
