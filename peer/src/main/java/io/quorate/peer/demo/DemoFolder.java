package io.quorate.peer.demo;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;

/**
 * The one private folder in which everything of a demo lives. A marker file says that it may be removed, so that a wrong path
 * can never cost anybody else's files.
 */
public final class DemoFolder {
    private static final String MARKER = ".quorate-demo";
    private static final Path MEMORY = Path.of("/dev/shm");
    private static final long MEMORY_LENGTH_MIN = 1L << 30;

    private final Path path;

    private DemoFolder(final Path path) {
        this.path = path;
    }

    /** A new folder, in memory if the machine has a memory file system with room, else where temporary files go. */
    static DemoFolder temporary() throws IOException {
        final var attribute = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
        final boolean memory = Files.isDirectory(MEMORY)
                && Files.isWritable(MEMORY)
                && Files.getFileStore(MEMORY).getUsableSpace() >= MEMORY_LENGTH_MIN;
        final Path path = memory
                ? Files.createTempDirectory(MEMORY, "quorate-demo-", attribute)
                : Files.createTempDirectory("quorate-demo-", attribute);
        return marked(path);
    }

    /** A folder that the user named; must be new or empty. */
    static DemoFolder kept(final Path path) throws IOException {
        Files.createDirectories(
                path.toAbsolutePath(),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        try (Stream<Path> files = Files.list(path)) {
            if (files.findAny().isPresent()) {
                throw new IllegalArgumentException(path + " is not empty: --keep wants a new or an empty folder");
            }
        }
        return marked(path.toAbsolutePath().normalize());
    }

    Path path() {
        return path;
    }

    /** Removes a demo's folder and everything in it, while others may be removing it, too; any other folder stays. */
    public static void remove(final Path path) throws IOException {
        if (!Files.exists(path.resolve(MARKER))) {
            return;
        }
        Files.walkFileTree(path, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(final Path file, final BasicFileAttributes attributes) throws IOException {
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
                    // Last, so that a removal that was cut short can be taken up again.
                    Files.deleteIfExists(path.resolve(MARKER));
                }
                Files.deleteIfExists(folder);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private static DemoFolder marked(final Path path) throws IOException {
        Files.createFile(path.resolve(MARKER));
        return new DemoFolder(path);
    }
}
