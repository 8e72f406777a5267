package io.quorate.peer.demo;

import io.quorate.peer.DataDirectory;
import io.quorate.transport.aeron.EmbeddedDriver;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;

/**
 * The one private folder in which everything of a demo lives. A marker file says that it may be removed, so that a wrong path
 * can never cost anybody else's files.
 */
public final class DemoFolder {
    private static final String PREFIX = "quorate-demo-";
    private static final String MARKER = ".quorate-demo";
    private static final long MEMORY_LENGTH_MIN = 1L << 30;

    private final Path path;

    private DemoFolder(final Path path) {
        this.path = path;
    }

    /** Removes what demos left that were killed before any peer of theirs ran; a running demo is not touched. */
    static void sweep() throws IOException {
        try (Stream<Path> entries = Files.list(EmbeddedDriver.memoryFolder())) {
            for (final Path entry : entries.filter(DemoFolder::isOwnOrphan).toList()) {
                removeOrphaned(entry);
            }
        }
    }

    private static boolean isOwnOrphan(final Path path) {
        try {
            return path.getFileName().toString().startsWith(PREFIX)
                    && Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)
                    && Files.getOwner(path).getName().equals(System.getProperty("user.name"))
                    && ProcessHandle.of(Long.parseLong(
                                    Files.readString(path.resolve(MARKER)).strip()))
                            .isEmpty();
        } catch (final IOException | NumberFormatException e) {
            // Being removed by its owner, or not yet complete.
            return false;
        }
    }

    /** A new folder, in memory if the machine has a memory file system with room, else where temporary files go. */
    static DemoFolder temporary() throws IOException {
        final var attribute = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
        final Path memory = EmbeddedDriver.memoryFolder();
        final boolean room = Files.getFileStore(memory).getUsableSpace() >= MEMORY_LENGTH_MIN;
        final Path path = room
                ? Files.createTempDirectory(memory, PREFIX, attribute)
                : Files.createTempDirectory(PREFIX, attribute);
        Files.writeString(path.resolve(MARKER), ProcessHandle.current().pid() + "\n", StandardOpenOption.CREATE_NEW);
        return new DemoFolder(path);
    }

    /** Refuses a folder to keep files in that is neither new nor empty. */
    static void requireEmpty(final Path path) throws IOException {
        if (!Files.exists(path)) {
            return;
        }
        try (Stream<Path> files = Files.list(path)) {
            if (files.findAny().isPresent()) {
                throw new IllegalArgumentException(path + " is not empty: --keep wants a new or an empty folder");
            }
        }
    }

    Path path() {
        return path;
    }

    /** Copies keys, roster, logs and decisions; not what only running peers need. */
    void copyTo(final Path destination) throws IOException {
        Files.createDirectories(
                destination.toAbsolutePath(),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        try (Stream<Path> files = Files.walk(path)) {
            for (final Path file : files.filter(Files::isRegularFile).toList()) {
                final Path place = path.relativize(file);
                if (place.startsWith(MARKER)
                        || place.getNameCount() > 1 && place.getName(1).startsWith(DemoPeer.DATA)) {
                    continue;
                }
                Files.createDirectories(destination.resolve(place).getParent());
                Files.copy(file, destination.resolve(place), StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
    }

    /** Removes a demo's folder and everything in it, while others may be removing it, too; any other folder stays. */
    public static void remove(final Path path) throws IOException {
        if (isStanding(path)) {
            removeTree(path);
        }
    }

    /** True while the folder stands and nobody has begun to remove it. */
    public static boolean isStanding(final Path path) {
        return Files.exists(path.resolve(MARKER));
    }

    /** Removes the folder of a demo whose process is gone, unless a peer of it still runs: then that peer will do it. */
    public static void removeOrphaned(final Path path) throws IOException {
        if (!isStanding(path)) {
            return;
        }
        try (Stream<Path> entries = Files.list(path)) {
            for (final Path entry : entries.toList()) {
                if (DataDirectory.isHeld(entry.resolve(DemoPeer.DATA))) {
                    return;
                }
            }
        }
        remove(path);
    }

    private static void removeTree(final Path path) throws IOException {
        if (!Files.exists(path)) {
            return;
        }
        Files.walkFileTree(path, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(final Path file, final BasicFileAttributes attributes) throws IOException {
                // The marker goes last, so that a removal that was cut short can be taken up again.
                if (!file.equals(path.resolve(MARKER))) {
                    Files.deleteIfExists(file);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(final Path file, final IOException error) throws IOException {
                if (error instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE;
                }
                throw error;
            }

            @Override
            public FileVisitResult postVisitDirectory(final Path folder, final IOException error) throws IOException {
                if (error != null && !(error instanceof NoSuchFileException)) {
                    throw error;
                }
                if (folder.equals(path)) {
                    Files.deleteIfExists(path.resolve(MARKER));
                }
                Files.deleteIfExists(folder);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
