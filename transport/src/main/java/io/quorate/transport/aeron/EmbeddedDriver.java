package io.quorate.transport.aeron;

import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.exceptions.AeronException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.agrona.concurrent.AgentInvoker;
import org.agrona.concurrent.BackoffIdleStrategy;

/**
 * The Aeron media driver of one peer, in its own private directory (mode 0700): nobody else on the host can read or write its logs.
 *
 * <p>The directory is locked while the driver runs, so what an earlier process left behind (killed, for example) is removed at
 * launch without waiting for timeouts. It is removed again on close.
 */
public final class EmbeddedDriver implements AutoCloseable {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");
    private static final FileAttribute<Set<PosixFilePermission>> LOCK_ATTRIBUTES =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final long PARK_MIN_NS = 1_000;
    private static final long PARK_MAX_NS = 200_000;
    private static final long LINGER_NS = 100_000_000;

    private final Path directory;
    private final boolean createdDirectory;
    private final FileChannel lockChannel;
    private final MediaDriver driver;
    private final AgentInvoker invoker;
    private final DriverSettings settings;
    private final GuardedEndpoint.Admission admission;
    private final AtomicReference<Throwable> lastError;
    private boolean closed;

    /** Who runs the driver's duty cycles. */
    public enum Threading {
        /** The caller, by {@link EmbeddedDriver#doWork()}: fastest when everything shares one thread. */
        INVOKER,
        /** One thread. */
        SHARED,
        /** Three threads; pays from four free cores. */
        DEDICATED
    }

    private EmbeddedDriver(
            final Path directory,
            final boolean createdDirectory,
            final FileChannel lockChannel,
            final MediaDriver driver,
            final DriverSettings settings,
            final GuardedEndpoint.Admission admission,
            final AtomicReference<Throwable> lastError) {
        this.directory = directory;
        this.createdDirectory = createdDirectory;
        this.lockChannel = lockChannel;
        this.driver = driver;
        this.settings = settings;
        this.admission = admission;
        this.lastError = lastError;
        invoker = driver.sharedAgentInvoker();
    }

    /**
     * Starts a driver.
     *
     * @param directory for this driver alone, best on a memory file system; made if it is not there
     * @throws IllegalStateException if the directory is used by a living process, is open to others, or the driver cannot start
     */
    public static EmbeddedDriver launch(
            final Path directory, final Threading threading, final DriverSettings settings) {
        boolean created = false;
        FileChannel channel = null;
        try {
            created = makePrivate(directory);
            channel = lock(directory);
            final AtomicReference<Throwable> lastError = new AtomicReference<>();
            final GuardedEndpoint.Admission admission = new GuardedEndpoint.Admission(settings);
            final MediaDriver.Context context = context(directory, threading, settings)
                    .errorHandler(lastError::set)
                    .receiveChannelEndpointSupplier((udpChannel, dispatcher, status, driverContext) ->
                            new GuardedEndpoint(udpChannel, dispatcher, status, driverContext, admission))
                    .sendChannelEndpointSupplier(GuardedEndpoint.lossySender());
            final MediaDriver driver = MediaDriver.launchEmbedded(context);
            return new EmbeddedDriver(directory, created, channel, driver, settings, admission, lastError);
        } catch (final IOException | RuntimeException e) {
            release(directory, created, channel);
            if (e instanceof IllegalStateException && !(e instanceof AeronException)) {
                throw (IllegalStateException) e;
            }
            throw new IllegalStateException("cannot start the media driver in " + directory + ": " + e.getMessage(), e);
        }
    }

    /** A folder for short-lived files that is in memory where the system has one. */
    public static Path memoryFolder() {
        final Path shared = Path.of("/dev/shm");
        return Files.isDirectory(shared) && Files.isWritable(shared)
                ? shared
                : Path.of(System.getProperty("java.io.tmpdir"));
    }

    /** Runs the driver's duty cycle if its threading is INVOKER; returns how much was done. */
    public int doWork() {
        return invoker == null ? 0 : invoker.invoke();
    }

    /** True if it works only when it is called. */
    public boolean isInvoked() {
        return invoker != null;
    }

    public DriverSettings settings() {
        return settings;
    }

    public Path directory() {
        return directory;
    }

    /** The driver's newest error, or null; for status pages. */
    public Throwable lastError() {
        return lastError.get();
    }

    /** Packets that the doorkeeper of the port refused: strangers' addresses, streams that are not ours, too many of them. */
    public long packetsRefused() {
        return admission.refused();
    }

    /** Who may begin streams, besides others; to be called before a port is opened for them. */
    void admit(final GuardedEndpoint.Guests guests) {
        admission.admit(guests);
    }

    /** Takes back what {@link #admit} allowed. */
    void dismiss(final GuardedEndpoint.Guests guests) {
        admission.dismiss(guests);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            try {
                driver.close();
            } finally {
                release(directory, createdDirectory, lockChannel);
            }
        }
    }

    String aeronDirectoryName() {
        return driver.aeronDirectoryName();
    }

    AgentInvoker invoker() {
        return invoker;
    }

    private static MediaDriver.Context context(
            final Path directory, final Threading threading, final DriverSettings settings) {
        final BackoffIdleStrategy idle = new BackoffIdleStrategy(10, 20, PARK_MIN_NS, PARK_MAX_NS);
        return new MediaDriver.Context()
                .aeronDirectoryName(driverFolder(directory).toString())
                .dirDeleteOnStart(true)
                .dirDeleteOnShutdown(true)
                .warnIfDirectoryExists(false)
                .termBufferSparseFile(true)
                .threadingMode(
                        threading == Threading.INVOKER
                                ? ThreadingMode.INVOKER
                                : threading == Threading.SHARED ? ThreadingMode.SHARED : ThreadingMode.DEDICATED)
                .sharedIdleStrategy(idle)
                .senderIdleStrategy(new BackoffIdleStrategy(10, 20, PARK_MIN_NS, PARK_MAX_NS))
                .receiverIdleStrategy(new BackoffIdleStrategy(10, 20, PARK_MIN_NS, PARK_MAX_NS))
                .conductorIdleStrategy(new BackoffIdleStrategy(1, 1, PARK_MAX_NS, PARK_MAX_NS))
                .mtuLength(settings.mtuLength())
                .socketRcvbufLength(settings.socketReceiveLength())
                .socketSndbufLength(settings.socketSendLength())
                .initialWindowLength(settings.initialWindowLength())
                .publicationTermBufferLength(settings.termLength())
                .imageLivenessTimeoutNs(settings.imageLivenessNs())
                .clientLivenessTimeoutNs(settings.clientLivenessNs())
                .publicationUnblockTimeoutNs(settings.clientLivenessNs() * 3 / 2)
                .publicationLingerTimeoutNs(LINGER_NS);
    }

    private static Path driverFolder(final Path directory) {
        return directory.resolve("driver");
    }

    private static Path lockFile(final Path directory) {
        return directory.resolve("driver.lock");
    }

    /** True if the directory was made by this call, or by an earlier driver that was killed: then it is ours to remove. */
    private static boolean makePrivate(final Path directory) throws IOException {
        try {
            Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
            return true;
        } catch (final FileAlreadyExistsException e) {
            final PosixFileAttributes found =
                    Files.readAttributes(directory, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (!found.isDirectory()) {
                throw new IllegalStateException(directory + " is not a directory (links are not followed)", e);
            }
            if (!OWNER_ONLY.containsAll(found.permissions())) {
                throw new IllegalStateException(
                        directory + " has permissions " + PosixFilePermissions.toString(found.permissions())
                                + ": others could read or forge what the driver keeps there; run: chmod 700 "
                                + directory,
                        e);
            }
            if (!Files.isWritable(directory)) {
                throw new IllegalStateException(directory + " belongs to " + found.owner() + " and is not writable", e);
            }
            return Files.exists(lockFile(directory), LinkOption.NOFOLLOW_LINKS);
        }
    }

    private static FileChannel lock(final Path directory) throws IOException {
        final FileChannel channel = FileChannel.open(
                lockFile(directory),
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                LOCK_ATTRIBUTES);
        FileLock held = null;
        try {
            held = channel.tryLock();
        } catch (final OverlappingFileLockException e) {
            held = null;
        }
        if (held == null) {
            channel.close();
            throw new IllegalStateException(
                    "a running driver holds " + directory + ": give each peer its own directory");
        }
        return channel;
    }

    private static void release(final Path directory, final boolean created, final FileChannel lockChannel) {
        if (lockChannel == null) {
            return;
        }
        try {
            Files.deleteIfExists(lockFile(directory));
            lockChannel.close();
            if (created) {
                Files.deleteIfExists(directory);
            }
        } catch (final IOException e) {
            // Only a directory that somebody else has put files into remains; there is nobody to tell and nothing to
            // save.
            return;
        }
    }
}
