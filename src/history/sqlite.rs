//! A store in one file of `SQLite`.
//!
//! Each batch of changes is one transaction, which is on the disk before it counts: `synchronous` is
//! `FULL`. The file has what the rooms keep, and no more: a text that was replaced or deleted is
//! overwritten in it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use rusqlite::{Connection, Transaction, params};
use tokio_tungstenite::tungstenite::Message;

use super::store::{Change, RoomChange, SavedPerson, SavedReceipt, SavedRoom, Store, StoreError};
use crate::id;

/// Says in the file's header that it is a history: `ws1h`.
const APPLICATION: i32 = 0x7773_3168;

/// The version of the tables.
const VERSION: i32 = 1;

/// How many more results of requests than `receipts_max` a room may have in the file: finding the last ones
/// reads all of them.
const TRIM: usize = 4_096;

const TABLES: &str = "
    CREATE TABLE room (
        name TEXT PRIMARY KEY, epoch TEXT NOT NULL, seq INTEGER NOT NULL, messages INTEGER NOT NULL,
        locked INTEGER NOT NULL, slow_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE event (
        room TEXT NOT NULL, seq INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (room, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE receipt (
        n INTEGER PRIMARY KEY AUTOINCREMENT, room TEXT NOT NULL, session BLOB NOT NULL,
        id TEXT NOT NULL, content BLOB NOT NULL, seq INTEGER, at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX receipt_of_room ON receipt (room, n);
    CREATE TABLE person (
        room TEXT NOT NULL, token BLOB NOT NULL, id TEXT NOT NULL, username TEXT NOT NULL,
        named INTEGER NOT NULL, PRIMARY KEY (room, token)
    ) STRICT, WITHOUT ROWID;
";

/// The histories of all rooms, in a file that no other program has open.
///
/// A second file, with `-complete` after the name, says that the first has all that happened.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    complete: PathBuf,
    /// The results of requests that were saved in each room since they were trimmed.
    fresh: BTreeMap<String, usize>,
}

impl Sqlite {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    ///
    /// It cannot be opened, another program uses it, or it is no history.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let opened = Self::connect(path);
        opened.map_err(|cause| StoreError::Open { name: path.display().to_string(), cause })
    }

    fn connect(path: &Path) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let mut connection = Connection::open(path)?;
        // A second server on the same file would give the same numbers to other messages.
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // SQLite overwrites deleted rows with zeros.
        connection.pragma_update(None, "secure_delete", "ON")?;
        let transaction =
            connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let of = |name| transaction.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
        let tables = "SELECT count(*) FROM sqlite_schema";
        let tables: u32 = transaction.query_row(tables, [], |row| row.get(0))?;
        if tables == 0 {
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        } else if of("application_id")? != APPLICATION || of("user_version")? != VERSION {
            return Err("it is a file of another program, or of another version".into());
        }
        transaction.commit()?;
        let mut complete = OsString::from(path);
        complete.push("-complete");
        Ok(Self { connection, complete: complete.into(), fresh: BTreeMap::new() })
    }

    fn rooms(&mut self) -> rusqlite::Result<Vec<SavedRoom>> {
        let mut rooms = BTreeMap::new();
        let columns = "SELECT name, epoch, seq, messages, locked, slow_ms FROM room";
        let mut query = self.connection.prepare(columns)?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let room = SavedRoom {
                room: row.get(0)?,
                epoch: row.get(1)?,
                seq: number(row.get(2)?),
                messages: number(row.get(3)?),
                events: Vec::new(),
                receipts: Vec::new(),
                people: Vec::new(),
                locked: row.get(4)?,
                slow: Duration::from_millis(number(row.get(5)?)),
            };
            rooms.insert(room.room.clone(), room);
        }
        let mut query =
            self.connection.prepare("SELECT room, text FROM event ORDER BY room, seq")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            if let Some(room) = rooms.get_mut(&row.get::<_, String>(0)?) {
                room.events.push(Message::text(row.get::<_, String>(1)?));
            }
        }
        let receipts = "SELECT room, session, id, content, seq, at FROM receipt ORDER BY n";
        let mut query = self.connection.prepare(receipts)?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            if let Some(room) = rooms.get_mut(&row.get::<_, String>(0)?) {
                room.receipts.push(SavedReceipt {
                    session: row.get::<_, [u8; 16]>(1)?.into(),
                    id: row.get(2)?,
                    content: row.get::<_, [u8; 16]>(3)?.into(),
                    seq: row.get::<_, Option<i64>>(4)?.map(number),
                    at: UNIX_EPOCH + Duration::from_millis(number(row.get(5)?)),
                });
            }
        }
        let people = "SELECT room, token, id, username, named FROM person";
        let mut query = self.connection.prepare(people)?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            if let Some(room) = rooms.get_mut(&row.get::<_, String>(0)?) {
                room.people.push(SavedPerson {
                    token: row.get::<_, [u8; 16]>(1)?.into(),
                    id: row.get(2)?,
                    username: row.get(3)?,
                    named: row.get(4)?,
                });
            }
        }
        Ok(rooms.into_values().collect())
    }

    /// Writes the epochs of rooms.
    fn renew(&mut self, rooms: &[SavedRoom]) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        for SavedRoom { room, epoch, .. } in rooms {
            transaction.execute("UPDATE room SET epoch = ?2 WHERE name = ?1", [room, epoch])?;
        }
        transaction.commit()
    }

    fn write(&mut self, changes: &[Change]) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        for change in changes {
            match change {
                Change::Room(change) => {
                    save(&transaction, change)?;
                    let fresh = self.fresh.entry(change.room.clone()).or_default();
                    *fresh += change.receipts.len();
                    if *fresh > TRIM {
                        *fresh = 0;
                        trim(&transaction, change)?;
                    }
                }
                Change::Ended(room) => {
                    self.fresh.remove(room);
                    end(&transaction, room)?;
                }
            }
        }
        transaction.commit()?;
        if changes.iter().any(takes_texts_away) {
            self.forget_old_texts()?;
        }
        Ok(())
    }

    /// Empties the log in which `SQLite` writes before it changes the file: it still has the texts of before.
    fn forget_old_texts(&self) -> rusqlite::Result<()> {
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
    }
}

impl Store for Sqlite {
    fn load(&mut self) -> Result<Vec<SavedRoom>, StoreError> {
        let mut rooms = self.rooms().map_err(failed)?;
        if !self.complete.exists() {
            for room in &mut rooms {
                room.epoch = id::random();
            }
            self.renew(&rooms).map_err(failed)?;
            let made = File::create(&self.complete).and_then(|file| file.sync_all());
            made.map_err(|cause| StoreError::Failed(cause.into()))?;
        }
        Ok(rooms)
    }

    fn save(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        self.write(changes).map_err(failed)
    }

    fn abandon(&mut self) {
        // It needs no room on the disk. If it fails, the file cannot be written either way.
        let _ = fs::remove_file(&self.complete);
    }
}

/// Whether somebody wanted a text to be gone.
fn takes_texts_away(change: &Change) -> bool {
    match change {
        Change::Room(change) => !change.replaced.is_empty() || change.cleared,
        Change::Ended(_) => false,
    }
}

fn save(transaction: &Transaction, change: &RoomChange) -> rusqlite::Result<()> {
    let RoomChange { room, epoch, messages, .. } = change;
    let mut save = transaction.prepare(
        "INSERT INTO room VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (name)
         DO UPDATE SET epoch = ?2, seq = ?3, messages = ?4, locked = ?5, slow_ms = ?6",
    )?;
    let (seq, messages) = (integer(change.seq), integer(*messages));
    save.execute(params![room, epoch, seq, messages, change.locked, millis(change.slow)])?;
    let mut keep = transaction.prepare("INSERT INTO event VALUES (?1, ?2, ?3)")?;
    for (seq, message) in &change.events {
        if let Some(Message::Text(text)) = message {
            keep.execute(params![room, integer(*seq), text.as_str()])?;
        }
    }
    let mut replace =
        transaction.prepare("UPDATE event SET text = ?3 WHERE room = ?1 AND seq = ?2")?;
    for (seq, message) in &change.replaced {
        replace.execute(params![room, integer(*seq), message.to_text().unwrap_or_default()])?;
    }
    let mut forget = transaction.prepare("DELETE FROM event WHERE room = ?1 AND seq < ?2")?;
    forget.execute(params![room, integer(change.first)])?;
    let mut keep = transaction.prepare(
        "INSERT INTO receipt (room, session, id, content, seq, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for receipt in &change.receipts {
        let SavedReceipt { session, id, content, seq, at } = receipt;
        let at = at.duration_since(UNIX_EPOCH).map_or(0, millis);
        let seq = seq.map(integer);
        keep.execute(params![room, session.as_ref(), id, content.as_ref(), seq, at])?;
    }
    save_people(transaction, change)
}

fn save_people(transaction: &Transaction, change: &RoomChange) -> rusqlite::Result<()> {
    let room = &change.room;
    let mut keep =
        transaction.prepare("INSERT OR REPLACE INTO person VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for SavedPerson { token, id, username, named } in &change.people {
        keep.execute(params![room, token.as_ref(), id, username, named])?;
    }
    let mut forget = transaction.prepare("DELETE FROM person WHERE room = ?1 AND token = ?2")?;
    for token in &change.forgotten {
        forget.execute(params![room, token.as_ref()])?;
    }
    Ok(())
}

/// Forgets results of requests, but for the last ones.
fn trim(transaction: &Transaction, change: &RoomChange) -> rusqlite::Result<()> {
    let trim = "DELETE FROM receipt WHERE room = ?1 AND n <= (
        SELECT n FROM receipt WHERE room = ?1 ORDER BY n DESC LIMIT 1 OFFSET ?2)";
    transaction.execute(trim, params![change.room, integer(change.receipts_max as u64)])?;
    Ok(())
}

fn end(transaction: &Transaction, room: &str) -> rusqlite::Result<()> {
    for table in ["room WHERE name", "event WHERE room", "receipt WHERE room", "person WHERE room"]
    {
        transaction.execute(&format!("DELETE FROM {table} = ?1"), [room])?;
    }
    Ok(())
}

fn failed(cause: rusqlite::Error) -> StoreError {
    StoreError::Failed(cause.into())
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// `SQLite` has signed numbers only. None of these comes near 2^63.
fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn number(integer: i64) -> u64 {
    u64::try_from(integer).unwrap_or_default()
}
