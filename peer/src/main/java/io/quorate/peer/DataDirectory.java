package io.quorate.peer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The folder of one running peer: private to its user (mode 0700), held by one process at a time. The lock is the operating
 * system's, so it ends with the process, however that ends.
 */
public final class DataDirectory implements AutoCloseable {
    private static final String LOCK_FILE = "peer.lock";
    private static final Set<PosixFilePermission> PRIVATE = PosixFilePermissions.fromString("rwx------");

    private final Path folder;
    private final FileChannel channel;
    private final FileLock lock;

    private DataDirectory(final Path folder, final FileChannel channel, final FileLock lock) {
        this.folder = folder;
        this.channel = channel;
        this.lock = lock;
    }

    /**
     * Makes the folder if need be and locks it.
     *
     * @throws IllegalArgumentException if it holds foreign files, or the file system knows no private folders
     * @throws IllegalStateException if another process holds it
     */
    public static DataDirectory open(final Path path) throws IOException {
        final Path folder = path.toAbsolutePath().normalize();
        if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            requireOurs(folder);
        } else {
            Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(PRIVATE));
        }
        Files.setPosixFilePermissions(folder, PRIVATE);
        final FileChannel channel = FileChannel.open(
                folder.resolve(LOCK_FILE),
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        final FileLock lock = tryLock(channel);
        if (lock == null) {
            final String owner = Files.readString(folder.resolve(LOCK_FILE)).strip();
            channel.close();
            throw new IllegalStateException(
                    folder + " is in use by another peer process" + (owner.isEmpty() ? "" : ", pid " + owner));
        }
        final String pid = ProcessHandle.current().pid() + "\n";
        channel.truncate(0);
        channel.write(ByteBuffer.wrap(pid.getBytes(StandardCharsets.US_ASCII)), 0);
        return new DataDirectory(folder, channel, lock);
    }

    /** True if a peer process holds the folder now. */
    public static boolean isHeld(final Path folder) throws IOException {
        final Path file = folder.resolve(LOCK_FILE);
        if (!Files.exists(file)) {
            return false;
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
                FileLock free = tryLock(channel)) {
            return free == null;
        }
    }

    public Path folder() {
        return folder;
    }

    @Override
    public void close() throws IOException {
        lock.release();
        channel.close();
    }

    private static void requireOurs(final Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new NotDirectoryException(folder.toString());
        }
        if (Files.exists(folder.resolve(LOCK_FILE))) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            if (files.findAny().isPresent()) {
                throw new IllegalArgumentException(
                        folder + " holds other files: --data wants an empty or a new folder, or that of a peer");
            }
        }
    }

    private static FileLock tryLock(final FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (final OverlappingFileLockException e) {
            return null;
        }
    }
}
