package io.quorate.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a peer must remember beside its journal across restarts: for each group and epoch how often it has started, and from which
 * request number. The file is forced to the disk before the peer votes, so a peer that voted before knows it.
 *
 * <p>A peer whose folder was lost cannot know it. Its operator must not start it with an empty folder in the same epoch: give
 * it a new key in a roster of a new epoch.
 *
 * @param startCount 1 at the first start in this group and epoch
 * @param firstRequestNumber higher than any number that this peer used in an earlier start
 */
record Incarnation(long startCount, long firstRequestNumber) {
    private static final String FILE = "incarnation";
    private static final String FIRST_LINE = "quorate-incarnation 1";
    private static final long REQUESTS_A_START = 1L << 32;
    private static final int REQUESTS_A_MS_BITS = 16;

    boolean isFirstStart() {
        return startCount == 1;
    }

    /**
     * What this start would be; nothing is written, so a start that fails before {@link #keep} has not happened.
     *
     * @param group id of the group, in hex, which binds the epoch
     * @throws IllegalStateException if the file is there but cannot be understood: the peer might have voted, so it must not
     *     start as if it had not
     */
    static Incarnation next(final Path folder, final String group, final long nowEpochMs) {
        try {
            final Incarnation last = read(folder.resolve(FILE)).getOrDefault(group, new Incarnation(0, 0));
            return new Incarnation(
                    last.startCount + 1,
                    Math.max(last.firstRequestNumber + REQUESTS_A_START, nowEpochMs << REQUESTS_A_MS_BITS));
        } catch (final IOException e) {
            throw new UncheckedIOException("cannot read the incarnation in " + folder + ": " + e.getMessage(), e);
        }
    }

    /** Forces this start to the disk; to be called before the first vote. */
    void keep(final Path folder, final String group) {
        try {
            final Path file = folder.resolve(FILE);
            final Map<String, Incarnation> known = read(file);
            known.put(group, this);
            write(folder, known);
        } catch (final IOException e) {
            throw new UncheckedIOException("cannot keep the incarnation in " + folder + ": " + e.getMessage(), e);
        }
    }

    /** Makes the folder, open to its owner only, if it is not there. */
    static void makeFolder(final Path folder) {
        try {
            Files.createDirectories(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (final IOException e) {
            throw new UncheckedIOException("cannot make the data folder " + folder + ": " + e.getMessage(), e);
        }
    }

    private static Map<String, Incarnation> read(final Path file) throws IOException {
        final Map<String, Incarnation> known = new LinkedHashMap<>();
        final String text;
        try {
            text = Files.readString(file);
        } catch (final NoSuchFileException absent) {
            return known;
        }
        final String[] lines = text.split("\n");
        if (!lines[0].equals(FIRST_LINE)) {
            throw damaged(file, 1);
        }
        for (int i = 1; i < lines.length; i++) {
            final String[] words = lines[i].split(" ");
            if (words.length != 3 || !words[1].matches("[0-9]{1,18}") || !words[2].matches("[0-9]{1,18}")) {
                throw damaged(file, i + 1);
            }
            known.put(words[0], new Incarnation(Long.parseLong(words[1]), Long.parseLong(words[2])));
        }
        return known;
    }

    private static IllegalStateException damaged(final Path file, final int line) {
        return new IllegalStateException(
                file + " line " + line + " is damaged: without it this peer cannot know whether it"
                        + " has voted before; restore the file, or give the peer a new key in a roster of a new epoch");
    }

    private static void write(final Path folder, final Map<String, Incarnation> known) throws IOException {
        final StringBuilder text = new StringBuilder(FIRST_LINE).append('\n');
        known.forEach((group, incarnation) -> text.append(group)
                .append(' ')
                .append(incarnation.startCount)
                .append(' ')
                .append(incarnation.firstRequestNumber)
                .append('\n'));
        force(folder, FILE, text.toString().getBytes(StandardCharsets.US_ASCII));
    }

    /** Writes a file of the folder whole, or not at all, and forces it to the disk. */
    static void force(final Path folder, final String name, final byte[] content) throws IOException {
        final Path fresh = folder.resolve(name + ".new");
        try (FileChannel channel = FileChannel.open(
                fresh, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            final ByteBuffer bytes = ByteBuffer.wrap(content);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(fresh, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        // The rename is durable only once the folder is.
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
