package io.quorate.engine.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.transport.aeron.EmbeddedDriver;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;
import org.agrona.IoUtil;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The journal on a real archive: what comes back after a close, after a crash, and after damage. */
class ArchiveJournalIT {
    private static final JournalIdentity OWNER = JournalIdentity.of(new byte[32], 1, 2, 1);
    private static final int TYPE = JournalRecord.TYPE_MIN;

    @TempDir
    Path folder;

    private Path drivers;
    private int driverCount;

    @BeforeEach
    void makeDriverFolder() throws IOException {
        drivers = Files.createTempDirectory(EmbeddedDriver.memoryFolder(), "journal-it-");
    }

    @AfterEach
    void removeDriverFolder() {
        IoUtil.delete(drivers.toFile(), true);
    }

    @Test
    void shouldBringBackWhatWasDurable() throws IOException {
        final Path journal = folder.resolve("journal");
        try (ArchiveJournal store = open(journal, OWNER)) {
            assertThat(store.read().verdict()).isEqualTo(JournalHistory.Verdict.EMPTY);
            writeSome(store, 1, "state", 5);
            assertThat(store.forcedCount()).isPositive();
        }
        try (ArchiveJournal store = open(journal, new JournalIdentity(OWNER.key(), 2))) {
            final JournalHistory history = store.read();
            assertThat(history.reason()).isEmpty();
            assertThat(texts(history)).containsExactly("state", "entry 2", "entry 3", "entry 4", "entry 5", "entry 6");
            assertThat(history.lastNumber()).isEqualTo(6);
            writeSome(store, 7, "newer", 1);
            store.dropBefore(7);
        }
        try (ArchiveJournal store = open(journal, new JournalIdentity(OWNER.key(), 3))) {
            assertThat(texts(store.read())).containsExactly("newer", "entry 8");
        }
    }

    @Test
    void shouldSurviveCrashAndFindDamage() throws IOException {
        final Path journal = folder.resolve("journal");
        final Path crashed = folder.resolve("crashed");
        try (ArchiveJournal store = open(journal, OWNER)) {
            store.read();
            writeSome(store, 1, "state", 40);
            copy(journal, crashed);
        }
        try (ArchiveJournal store = open(copy(crashed, folder.resolve("intact")), OWNER)) {
            final JournalHistory history = store.read();
            assertThat(history.reason()).isEmpty();
            assertThat(history.lastNumber()).isEqualTo(41);
        }
        final Path flipped = copy(crashed, folder.resolve("flipped"));
        final byte[] bytes = Files.readAllBytes(segment(flipped));
        bytes[new String(bytes, StandardCharsets.ISO_8859_1).indexOf("entry 20")] ^= 4;
        Files.write(segment(flipped), bytes);
        assertDamaged(flipped);
        final Path cut = copy(crashed, folder.resolve("cut"));
        try (RandomAccessFile file = new RandomAccessFile(segment(cut).toFile(), "rw")) {
            file.setLength(2048);
        }
        assertDamaged(cut);
        final Path foreign = copy(crashed, folder.resolve("foreign"));
        assertDamaged(foreign, JournalIdentity.of(new byte[32], 1, 3, 1));
        final Path gone = copy(crashed, folder.resolve("gone"));
        Files.delete(segment(gone));
        assertDamaged(gone);
        final Path noCatalog = copy(crashed, folder.resolve("no-catalog"));
        Files.delete(noCatalog.resolve("archive.catalog"));
        assertDamaged(noCatalog);
        final Path noMark = copy(crashed, folder.resolve("no-mark"));
        Files.delete(markOf(noMark));
        assertDamaged(noMark);
        final Path emptyMark = copy(crashed, folder.resolve("empty-mark"));
        Files.write(markOf(emptyMark), new byte[0]);
        assertDamaged(emptyMark);
    }

    @Test
    void shouldSeeAnOlderCopyOfTheFolder() throws IOException {
        final Path journal = folder.resolve("journal");
        final Path earlier = folder.resolve("earlier");
        try (ArchiveJournal store = open(journal, OWNER)) {
            store.read();
            writeSome(store, 1, "state", 5);
            copy(journal, earlier);
            writeSome(store, 7, "state", 5);
        }
        final Path sameLife = folder.resolve("same-life");
        copy(journal, sameLife);
        replace(sameLife, earlier);
        assertDamaged(sameLife);
        // The journal was set aside in between, so its numbers, and its mark, begin anew.
        final Path earlierLife = folder.resolve("earlier-life");
        try (ArchiveJournal store = open(earlierLife, new JournalIdentity(OWNER.key(), 2))) {
            store.read();
            writeSome(store, 1, "state", 1);
        }
        replace(earlierLife, earlier);
        assertDamaged(earlierLife, new JournalIdentity(OWNER.key(), 3));
    }

    /** Puts a copy of another folder in a folder's place; whoever does that does not think of what lies beside it. */
    private static void replace(final Path journal, final Path copied) throws IOException {
        final byte[] mark = Files.readAllBytes(markOf(journal));
        IoUtil.delete(journal.toFile(), true);
        copy(copied, journal);
        Files.write(markOf(journal), mark);
    }

    private static Path markOf(final Path journal) {
        return journal.resolveSibling(journal.getFileName() + ".mark");
    }

    @Test
    void shouldStayBoundedByNewBases() throws IOException {
        final Path journal = folder.resolve("journal");
        final UnsafeBuffer body = new UnsafeBuffer(new byte[JournalRecord.PART_LENGTH_MAX]);
        try (ArchiveJournal store = open(journal, OWNER)) {
            store.read();
            store.begin();
            long number = 0;
            for (int base = 0; base < 12; base++) {
                number++;
                write(store, JournalRecord.BASE_BEGIN, number, body, 0);
                write(store, TYPE, number, body, 100);
                write(store, JournalRecord.BASE_END, number, body, 0);
                final long baseNumber = number;
                for (int i = 0; i < 20; i++) {
                    number++;
                    write(store, TYPE, number, body, body.capacity());
                }
                await(store, number);
                store.dropBefore(baseNumber);
            }
            try (Stream<Path> files = Files.list(journal)) {
                assertThat(files.filter(file -> file.toString().endsWith(".rec")))
                        .hasSizeBetween(1, 2);
            }
        }
        try (ArchiveJournal store = open(journal, OWNER)) {
            final JournalHistory history = store.read();
            assertThat(history.reason()).isEmpty();
            assertThat(history.entries()).hasSize(21);
        }
    }

    private void assertDamaged(final Path journal) throws IOException {
        assertDamaged(journal, OWNER);
    }

    private void assertDamaged(final Path journal, final JournalIdentity identity) throws IOException {
        try (ArchiveJournal store = open(journal, identity)) {
            final JournalHistory history = store.read();
            assertThat(history.verdict()).as(journal.toString()).isEqualTo(JournalHistory.Verdict.DAMAGED);
            assertThat(journal.resolveSibling(journal.getFileName() + ".damaged"))
                    .isDirectory();
            writeSome(store, 1, "fresh", 1);
        }
        try (ArchiveJournal store = open(journal, identity)) {
            assertThat(texts(store.read())).containsExactly("fresh", "entry 2");
        }
    }

    private void writeSome(final ArchiveJournal store, final long first, final String state, final int count) {
        store.begin();
        final UnsafeBuffer body = new UnsafeBuffer(state.getBytes(StandardCharsets.US_ASCII));
        write(store, JournalRecord.BASE_BEGIN, first, body, 0);
        write(store, TYPE, first, body, body.capacity());
        write(store, JournalRecord.BASE_END, first, body, 0);
        for (long number = first + 1; number <= first + count; number++) {
            final UnsafeBuffer entry = new UnsafeBuffer(("entry " + number).getBytes(StandardCharsets.US_ASCII));
            write(store, TYPE, number, entry, entry.capacity());
        }
        await(store, first + count);
    }

    private static void write(
            final ArchiveJournal store, final int type, final long number, final UnsafeBuffer body, final int length) {
        while (!store.write(type, number, 0, body, 0, length)) {
            store.poll();
            Thread.onSpinWait();
        }
    }

    private static void await(final ArchiveJournal store, final long number) {
        while (store.poll() < number) {
            Thread.onSpinWait();
        }
    }

    private ArchiveJournal open(final Path journal, final JournalIdentity identity) {
        return new ArchiveJournal(new JournalContext()
                .directory(journal)
                .driverDirectory(drivers.resolve("driver-" + driverCount++))
                .identity(identity)
                .segmentLength(1 << 20)
                .conclude());
    }

    private static List<String> texts(final JournalHistory history) {
        return history.entries().stream()
                .map(entry -> {
                    final byte[] bytes = new byte[entry.lengthBytes()];
                    entry.body().getBytes(entry.offset(), bytes);
                    return new String(bytes, StandardCharsets.US_ASCII);
                })
                .toList();
    }

    private static Path segment(final Path journal) throws IOException {
        try (Stream<Path> files = Files.list(journal)) {
            return files.filter(file -> file.toString().endsWith(".rec"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static Path copy(final Path from, final Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (final Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        Files.copy(markOf(from), markOf(to), StandardCopyOption.REPLACE_EXISTING);
        return to;
    }
}
