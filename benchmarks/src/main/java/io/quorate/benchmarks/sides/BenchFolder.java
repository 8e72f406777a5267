package io.quorate.benchmarks.sides;

import io.quorate.transport.aeron.EmbeddedDriver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A folder for one run, or one side of it, in memory unless said; gone afterwards, whatever happened. */
public record BenchFolder(Path path) {
    private static final String PREFIX = "quorate-compare-";
    private static final int ATTEMPTS = 5;

    /** A new one that only its owner can read. */
    public static BenchFolder create() throws IOException {
        return create(EmbeddedDriver.memoryFolder());
    }

    /** The same on a disk, where the system keeps temporary files: for what must be durable. */
    public static BenchFolder onDisk() throws IOException {
        return create(Path.of(System.getProperty("java.io.tmpdir")));
    }

    private static BenchFolder create(final Path above) throws IOException {
        return new BenchFolder(Files.createTempDirectory(above, PREFIX));
    }

    public static BenchFolder of(final Path path) {
        return new BenchFolder(path);
    }

    /** A folder inside. */
    public BenchFolder make(final String name) throws IOException {
        return new BenchFolder(Files.createDirectory(path.resolve(name)));
    }

    /**
     * Removes the folder with all that is in it, and the run's folder above it once that is empty. Again if a thread that still
     * runs has put something there meanwhile.
     */
    public void remove() {
        for (int attempt = 0; attempt < ATTEMPTS && Files.exists(path); attempt++) {
            try (Stream<Path> files = Files.walk(path)) {
                final List<Path> deepestFirst =
                        files.sorted(Comparator.reverseOrder()).toList();
                for (final Path file : deepestFirst) {
                    Files.deleteIfExists(file);
                }
            } catch (final IOException | UncheckedIOException e) {
                continue;
            }
        }
        final Path above = path.getParent();
        if (above != null
                && above.getFileName() != null
                && above.getFileName().toString().startsWith(PREFIX)) {
            try {
                Files.deleteIfExists(above);
            } catch (final IOException e) {
                // Other sides are still in it; the last one removes it.
                return;
            }
        }
    }
}
