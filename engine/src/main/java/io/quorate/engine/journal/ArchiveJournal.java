package io.quorate.engine.journal;

import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.FragmentAssembler;
import io.aeron.Image;
import io.aeron.Publication;
import io.aeron.Subscription;
import io.aeron.archive.Archive;
import io.aeron.archive.ArchiveThreadingMode;
import io.aeron.archive.client.AeronArchive;
import io.aeron.archive.status.RecordingPos;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.agrona.CloseHelper;
import org.agrona.DirectBuffer;
import org.agrona.IoUtil;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.CountersReader;

/**
 * A journal as an Aeron Archive recording of an IPC publication, with a media driver and an archive of its own. The archive
 * drains what is waiting, writes it, forces it and only then moves the recording's position: one force covers every record that
 * waited, and the position is what is durable. The journal thread calls everything; driver and archive have a thread each.
 *
 * <p>Each {@link #begin} starts a new recording. Files below the newest base, and older recordings, are purged when the base
 * is durable. Damage found at {@link #read} sets the whole folder aside, under the name {@code damaged} beside it.
 */
public final class ArchiveJournal implements JournalStore {
    private static final int STREAM_ID = 1;
    private static final int REPLAY_STREAM_ID = 2;
    private static final int FRAGMENTS_A_POLL = 64;
    private static final int IN_FLIGHT_MAX = 8192;
    private static final int TERM_LENGTH = 1 << 20;
    private static final long LIVENESS_NS = TimeUnit.MINUTES.toNanos(10);
    private static final long REPLAY_PATIENCE_NS = TimeUnit.SECONDS.toNanos(10);
    private static final long COUNTER_PATIENCE_NS = TimeUnit.SECONDS.toNanos(10);
    private static final String MARKS = "journal-marks";
    private static final long STANDSTILL_NS = TimeUnit.SECONDS.toNanos(20);
    private static final int SPACE_CHECK_MASK = 31;

    private final JournalContext context;
    private final Path markFile;
    private final RecordChain chain = new RecordChain();
    private final AtomicReference<Throwable> lastError = new AtomicReference<>();
    private final long[] endPositions = new long[IN_FLIGHT_MAX];
    private final long[] endNumbers = new long[IN_FLIGHT_MAX];
    private MediaDriver driver;
    private Archive archive;
    private AeronArchive client;
    private ExclusivePublication publication;
    private CountersReader counters;
    private DurableMark mark;
    private int counterId;
    private long recordingId = -1;
    private long startPosition;
    private long inFlightHead;
    private long inFlightTail;
    private long recordedPosition;
    private long durableNumber;
    private long basePosition;
    private long baseBeginNumber;
    private long baseBeginPosition;
    private long forcedCount;
    private long movedAtNs;

    /** @param context concluded */
    public ArchiveJournal(final JournalContext context) {
        this.context = context;
        markFile = markOf(context.directory());
    }

    @Override
    public JournalHistory read() {
        makeFolder(context.directory());
        JournalHistory history;
        try {
            final HistoryReader reader = new HistoryReader(context.identity());
            if (hasCatalog()) {
                readRecordings(reader);
            }
            // Each start leaves a base before it counts, so the one before this is the oldest that the newest base may
            // be of.
            history = reader.finish(markNumber(reader), context.identity().incarnation() - 1);
        } catch (final IOException | RuntimeException e) {
            history = JournalHistory.damaged("it cannot be read: " + e.getMessage());
        }
        if (history.verdict() == JournalHistory.Verdict.DAMAGED) {
            shutDown();
            setAside(context.directory(), "damaged");
            makeFolder(context.directory());
        }
        return history;
    }

    /** The mark is made before the first record: where there are records and no mark, somebody lost it. */
    private long markNumber(final HistoryReader reader) throws IOException {
        if (DurableMark.isMissing(markFile)) {
            return reader.hasRecords() ? DurableMark.UNREADABLE : 0;
        }
        return DurableMark.read(markFile, context.identity().key());
    }

    private void readRecordings(final HistoryReader reader) {
        launch();
        for (final Recording recording : recordings()) {
            reader.onFile();
            try {
                replay(recording, reader);
            } catch (final RuntimeException e) {
                reader.onUnreadable("recording " + recording.id + " cannot be read: " + e.getMessage());
            }
        }
    }

    private record Recording(long id, long startPosition, long stopPosition) {}

    private List<Recording> recordings() {
        final List<Recording> found = new ArrayList<>();
        client.listRecordings(
                0,
                Integer.MAX_VALUE,
                (control,
                        correlation,
                        id,
                        startTime,
                        stopTime,
                        start,
                        stop,
                        term,
                        segment,
                        termLength,
                        mtu,
                        session,
                        stream,
                        stripped,
                        original,
                        source) -> found.add(new Recording(id, start, stop)));
        return found;
    }

    private void replay(final Recording recording, final HistoryReader reader) {
        final long length = recording.stopPosition - recording.startPosition;
        if (length <= 0) {
            return;
        }
        final FragmentAssembler assembler = new FragmentAssembler(
                (buffer, offset, lengthBytes, header) -> reader.onRecord(buffer, offset, lengthBytes));
        final long deadlineNs = System.nanoTime() + REPLAY_PATIENCE_NS;
        final BackoffIdleStrategy idle = new BackoffIdleStrategy(100, 100, 1_000, 100_000);
        try (Subscription subscription = client.replay(
                recording.id, recording.startPosition, length, "aeron:ipc?term-length=1m", REPLAY_STREAM_ID)) {
            long position = recording.startPosition;
            while (position < recording.stopPosition) {
                final int fragments = subscription.poll(assembler, FRAGMENTS_A_POLL);
                idle.idle(fragments);
                if (subscription.imageCount() > 0) {
                    final Image image = subscription.imageAtIndex(0);
                    position = image.position();
                    if (fragments == 0 && image.isClosed() && position < recording.stopPosition) {
                        throw new IllegalStateException(
                                "its replay ends at " + position + " of " + recording.stopPosition);
                    }
                }
                if (fragments == 0 && System.nanoTime() - deadlineNs >= 0) {
                    throw new IllegalStateException("its replay stands still at " + position + " of "
                            + recording.stopPosition + lastErrorText());
                }
            }
        }
    }

    @Override
    public void begin() {
        try {
            // After a failure everything is made anew: a driver or an archive may have lost its thread.
            if (publication != null) {
                shutDown();
            }
            if (archive == null) {
                launch();
            }
            requireSpace();
            lastError.set(null);
            if (mark == null) {
                mark = DurableMark.open(markFile, context.identity().key());
            }
            publication = client.addRecordedExclusivePublication("aeron:ipc?term-length=" + TERM_LENGTH, STREAM_ID);
            counters = client.context().aeron().countersReader();
            counterId = awaitCounter(publication.sessionId());
            recordingId = RecordingPos.getRecordingId(counters, counterId);
        } catch (final IOException | RuntimeException e) {
            // Whatever is half open is made anew the next time.
            shutDown();
            throw new IllegalStateException("cannot start a recording: " + e.getMessage() + lastErrorText(), e);
        }
        chain.restart();
        startPosition = publication.position();
        recordedPosition = startPosition;
        basePosition = startPosition;
        inFlightHead = 0;
        inFlightTail = 0;
        durableNumber = 0;
        movedAtNs = System.nanoTime();
    }

    private int awaitCounter(final int sessionId) {
        final long deadlineNs = System.nanoTime() + COUNTER_PATIENCE_NS;
        final BackoffIdleStrategy idle = new BackoffIdleStrategy(100, 100, 1_000, 100_000);
        int found = RecordingPos.findCounterIdBySession(
                counters, sessionId, archive.context().archiveId());
        while (found == CountersReader.NULL_COUNTER_ID) {
            if (System.nanoTime() - deadlineNs >= 0) {
                throw new IllegalStateException("the archive does not record" + lastErrorText());
            }
            idle.idle(0);
            found = RecordingPos.findCounterIdBySession(
                    counters, sessionId, archive.context().archiveId());
        }
        return found;
    }

    @Override
    public boolean write(
            final int type,
            final long number,
            final int partsLeft,
            final DirectBuffer body,
            final int offset,
            final int lengthBytes) {
        if (inFlightTail - inFlightHead == IN_FLIGHT_MAX || !hasWindow(lengthBytes)) {
            return false;
        }
        final UnsafeBuffer header = chain.next(type, number, partsLeft, context.identity(), body, offset, lengthBytes);
        final long before = publication.position();
        long end;
        do {
            // There is window, so what refuses is a term that rotates, or the end.
            end = publication.offer(header, 0, JournalRecord.HEADER_LENGTH, body, offset, lengthBytes);
            if (end == Publication.CLOSED
                    || end == Publication.MAX_POSITION_EXCEEDED
                    || end == Publication.NOT_CONNECTED) {
                throw new IllegalStateException("the recording has ended" + lastErrorText());
            }
        } while (end < 0);
        if (type == JournalRecord.BASE_BEGIN) {
            baseBeginNumber = number;
            baseBeginPosition = before;
            basePosition = end;
        } else if (type == JournalRecord.BASE_END) {
            push(end, number);
        } else if (partsLeft == 0 && number != baseBeginNumber) {
            push(end, number);
        }
        return true;
    }

    private boolean hasWindow(final int lengthBytes) {
        final long available = publication.availableWindow();
        if (available < 0) {
            throw new IllegalStateException("the recording has ended" + lastErrorText());
        }
        return available > lengthBytes + TERM_LENGTH / 8;
    }

    private void push(final long end, final long number) {
        final int index = (int) (inFlightTail++ % IN_FLIGHT_MAX);
        endPositions[index] = end;
        endNumbers[index] = number;
    }

    @Override
    public long poll() {
        if (publication == null) {
            return 0;
        }
        final long recorded = counters.getCounterValue(counterId);
        if (!RecordingPos.isActive(counters, counterId, recordingId)) {
            throw new IllegalStateException("the archive stopped recording" + lastErrorText());
        }
        if (recorded == recordedPosition) {
            requireProgress();
            return durableNumber;
        }
        recordedPosition = recorded;
        movedAtNs = System.nanoTime();
        if ((forcedCount++ & SPACE_CHECK_MASK) == 0) {
            requireSpace();
        }
        final long before = durableNumber;
        while (inFlightHead < inFlightTail && endPositions[(int) (inFlightHead % IN_FLIGHT_MAX)] <= recorded) {
            durableNumber = endNumbers[(int) (inFlightHead++ % IN_FLIGHT_MAX)];
        }
        if (durableNumber > before) {
            mark.write(durableNumber);
        }
        return durableNumber;
    }

    /** An archive whose thread has died says nothing; its position just does not move any more. */
    private void requireProgress() {
        if (inFlightHead == inFlightTail) {
            movedAtNs = System.nanoTime();
        } else if (System.nanoTime() - movedAtNs >= STANDSTILL_NS) {
            throw new IllegalStateException("the archive stands still" + lastErrorText());
        }
    }

    private void requireSpace() {
        try {
            final long free = Files.getFileStore(context.directory()).getUsableSpace();
            if (free < context.lowSpaceBytes()) {
                throw new IllegalStateException("only " + free + " bytes are free where the journal lies, at least "
                        + context.lowSpaceBytes() + " are needed");
            }
        } catch (final IOException e) {
            throw new UncheckedIOException("cannot ask for the free space: " + e.getMessage(), e);
        }
    }

    @Override
    public void dropBefore(final long baseNumber) {
        mark.force();
        for (final Recording recording : recordings()) {
            if (recording.id != recordingId) {
                client.purgeRecording(recording.id);
            }
        }
        if (baseNumber == baseBeginNumber) {
            final long first = AeronArchive.segmentFileBasePosition(
                    startPosition, baseBeginPosition, TERM_LENGTH, context.segmentLength());
            if (first > startPosition) {
                client.purgeSegments(recordingId, first);
                startPosition = first;
            }
        }
    }

    @Override
    public long lengthBytes() {
        return publication == null ? 0 : publication.position() - basePosition;
    }

    @Override
    public long forcedCount() {
        return forcedCount;
    }

    @Override
    public void close() {
        if (mark != null) {
            mark.force();
        }
        shutDown();
    }

    private void launch() {
        final Path folder = context.directory();
        requireSpace();
        // The archive maps its mark file into memory and logs errors there: on a full disk that would end its thread.
        // The peer's
        // folder is locked, so nobody else can be using the archive, whatever an old mark says.
        final Path marks = context.driverDirectory().resolveSibling(MARKS);
        IoUtil.delete(marks.toFile(), true);
        makeFolder(marks);
        final String driverFolder = context.driverDirectory().toString();
        driver = MediaDriver.launchEmbedded(new MediaDriver.Context()
                .aeronDirectoryName(driverFolder)
                .dirDeleteOnStart(true)
                .dirDeleteOnShutdown(true)
                .warnIfDirectoryExists(false)
                .termBufferSparseFile(true)
                .threadingMode(ThreadingMode.SHARED)
                .sharedIdleStrategy(idle())
                .clientLivenessTimeoutNs(LIVENESS_NS)
                .publicationUnblockTimeoutNs(LIVENESS_NS * 3 / 2)
                .errorHandler(lastError::set));
        archive = Archive.launch(new Archive.Context()
                .aeronDirectoryName(driverFolder)
                .archiveDir(folder.toFile())
                .markFileDir(marks.toFile())
                .controlChannelEnabled(false)
                .archiveClientContext(new AeronArchive.Context().controlResponseChannel("aeron:ipc?term-length=64k"))
                .recordingEventsEnabled(false)
                .localControlChannel("aeron:ipc?term-length=64k")
                .replicationChannel("aeron:udp?endpoint=127.0.0.1:0")
                .threadingMode(ArchiveThreadingMode.SHARED)
                .idleStrategySupplier(ArchiveJournal::idle)
                .fileSyncLevel(context.fileSyncLevel())
                .catalogFileSyncLevel(context.fileSyncLevel())
                .segmentFileLength(context.segmentLength())
                .lowStorageSpaceThreshold(context.lowSpaceBytes())
                .errorHandler(lastError::set));
        client = AeronArchive.connect(new AeronArchive.Context()
                .aeronDirectoryName(driverFolder)
                .controlRequestChannel("aeron:ipc?term-length=64k")
                .controlResponseChannel("aeron:ipc?term-length=64k")
                .errorHandler(lastError::set));
    }

    private static BackoffIdleStrategy idle() {
        return new BackoffIdleStrategy(10, 20, 1_000, 200_000);
    }

    private void shutDown() {
        publication = null;
        CloseHelper.quietCloseAll(client, archive, driver, mark);
        client = null;
        archive = null;
        driver = null;
        mark = null;
        IoUtil.delete(context.driverDirectory().resolveSibling(MARKS).toFile(), true);
    }

    private String lastErrorText() {
        final Throwable error = lastError.get();
        return error == null ? "" : ": " + error.getMessage();
    }

    private boolean hasCatalog() {
        return Files.exists(context.directory().resolve("archive.catalog"));
    }

    static void makeFolder(final Path folder) {
        try {
            Files.createDirectories(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (final IOException e) {
            throw new UncheckedIOException("cannot make the journal's folder " + folder + ": " + e.getMessage(), e);
        }
    }

    /** The mark lies beside the folder: whoever puts an older copy of the folder in its place does not bring the older mark. */
    private static Path markOf(final Path folder) {
        return folder.resolveSibling(folder.getFileName() + ".mark");
    }

    /** Renames a folder that must not be used any more, and its mark; earlier ones set aside give way. */
    public static void setAside(final Path folder, final String why) {
        final Path aside = folder.resolveSibling(folder.getFileName() + "." + why);
        IoUtil.delete(aside.toFile(), true);
        try {
            Files.move(folder, aside);
            // If it ends between the two: a mark without records is damage, too.
            if (Files.exists(markOf(folder))) {
                Files.move(markOf(folder), markOf(aside), StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (final IOException e) {
            throw new UncheckedIOException("cannot set " + folder + " aside: " + e.getMessage(), e);
        }
    }

    /** Removes a journal that nobody may vote from any more, and its mark; nothing happens if there is none. */
    public static void remove(final Path folder) {
        try {
            IoUtil.delete(folder.toFile(), true);
            Files.deleteIfExists(markOf(folder));
        } catch (final IOException e) {
            throw new UncheckedIOException("cannot remove the journal " + folder + ": " + e.getMessage(), e);
        }
    }

    /** The Aeron client of this journal, for tests. */
    Aeron aeron() {
        return client.context().aeron();
    }
}
