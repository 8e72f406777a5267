package io.quorate.engine;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.quorate.engine.epoch.HandoverCertificate;
import io.quorate.engine.journal.ArchiveJournal;
import io.quorate.transport.auth.Roster;
import io.quorate.transport.auth.Verifier;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What a peer's data folder holds of epochs: for each that a certificate opened a file {@code epoch-N} with that certificate and the
 * roster before, whose keys judge it; a journal; and how often the peer has started in it. Called by threads that may touch files.
 */
final class EpochFiles {
    private static final String PROOF = "epoch-";
    private static final String JOURNAL = "journal";
    private static final byte[] FIRST_LINE = "quorate-epoch 1\n".getBytes(StandardCharsets.US_ASCII);

    private final Path folder;
    private final Function<Roster, Verifier> verifiers;

    /**
     * An epoch that the folder knows.
     *
     * @param openedBy null in the first
     */
    record Station(Roster roster, HandoverCertificate openedBy) {}

    private record Proof(Roster before, HandoverCertificate certificate) {}

    /** @param verifiers makes a verifier with the keys of a roster */
    EpochFiles(final Path folder, final Function<Roster, Verifier> verifiers) {
        this.folder = folder;
        this.verifiers = verifiers;
    }

    /**
     * All epochs that are linked by proofs to the one whose roster the operator gave, the oldest first.
     *
     * @throws IllegalStateException if a proof is there and does not hold
     */
    List<Station> stations(final Roster given) {
        final ArrayDeque<Station> stations = new ArrayDeque<>();
        Proof proof = proof(given);
        stations.add(station(given, proof));
        while (proof != null) {
            final Roster before = proof.before();
            proof = proof(before);
            stations.addFirst(station(before, proof));
        }
        Roster newest = given;
        for (Proof later = read(newest.epoch() + 1);
                later != null && isSame(later.before(), newest);
                later = read(newest.epoch() + 1)) {
            newest = later.certificate().next();
            stations.addLast(station(newest, later));
        }
        return List.copyOf(stations);
    }

    private static Station station(final Roster roster, final Proof proof) {
        return new Station(roster, proof == null ? null : proof.certificate());
    }

    /**
     * Where a life begins: in the newest epoch in which this peer has started before; if there is none, in the one whose roster the
     * operator gave. An epoch counts as started when its first base is on the disk: before that a durable peer goes back to the
     * one before, which has the state (docs/protocols/reconfiguration.md, section 5).
     *
     * @param isOwn true if this peer has a key of a roster
     * @throws IllegalStateException if it has started in a later one under a key that it was not given now
     */
    Station home(final List<Station> stations, final Roster given, final Predicate<Roster> isOwn) {
        Station home = null;
        Station strange = null;
        for (final Station station : stations) {
            final boolean isStarted = !next(station.roster()).isFirstStart();
            if (!isOwn.test(station.roster())) {
                strange = isStarted ? station : strange;
            } else if (isStarted || (home == null && isSame(station.roster(), given))) {
                home = station;
                strange = null;
            }
        }
        if (strange != null) {
            throw new IllegalStateException("this peer has been in epoch "
                    + strange.roster().epoch() + " under a key that was not given: give it that one, too");
        }
        return home;
    }

    static boolean isSame(final Roster a, final Roster b) {
        return Arrays.equals(a.groupId(), b.groupId());
    }

    /** What opened an epoch, if it is this roster's. */
    private Proof proof(final Roster roster) {
        final Proof proof = read(roster.epoch());
        return proof != null && isSame(proof.certificate().next(), roster) ? proof : null;
    }

    private Proof read(final long epoch) {
        final Path file = folder.resolve(PROOF + epoch);
        final byte[] bytes;
        try {
            bytes = Files.readAllBytes(file);
        } catch (final NoSuchFileException absent) {
            return null;
        } catch (final IOException e) {
            throw new UncheckedIOException("cannot read " + file + ": " + e.getMessage(), e);
        }
        final UnsafeBuffer buffer = new UnsafeBuffer(bytes);
        final int textAt = FIRST_LINE.length + Integer.BYTES;
        final int textLength = bytes.length < textAt ? -1 : buffer.getInt(FIRST_LINE.length, LITTLE_ENDIAN);
        if (textLength < 0
                || textLength > bytes.length - textAt
                || !Arrays.equals(bytes, 0, FIRST_LINE.length, FIRST_LINE, 0, FIRST_LINE.length)) {
            throw damaged(file, null);
        }
        try {
            final Roster before = Roster.parse(
                    new String(bytes, textAt, textLength, StandardCharsets.US_ASCII), "the roster in " + file);
            final int proofAt = textAt + textLength;
            final HandoverCertificate certificate = HandoverCertificate.verified(
                    before, verifiers.apply(before), buffer, proofAt, bytes.length - proofAt);
            if (certificate == null || certificate.next().epoch() != epoch) {
                throw damaged(file, null);
            }
            return new Proof(before, certificate);
        } catch (final IllegalArgumentException e) {
            throw damaged(file, e);
        }
    }

    private static IllegalStateException damaged(final Path file, final Exception cause) {
        return new IllegalStateException(
                file + " does not prove how its epoch began: restore it, or remove it and give the peer the rosters of"
                        + " this epoch and of the one before",
                cause);
    }

    /** Forces to the disk what opened an epoch. */
    synchronized void keep(final Roster before, final HandoverCertificate certificate) {
        final byte[] text = before.canonicalText().getBytes(StandardCharsets.US_ASCII);
        final byte[] proof = certificate.encode();
        final UnsafeBuffer bytes =
                new UnsafeBuffer(new byte[FIRST_LINE.length + Integer.BYTES + text.length + proof.length]);
        bytes.putBytes(0, FIRST_LINE);
        bytes.putInt(FIRST_LINE.length, text.length, LITTLE_ENDIAN);
        bytes.putBytes(FIRST_LINE.length + Integer.BYTES, text);
        bytes.putBytes(FIRST_LINE.length + Integer.BYTES + text.length, proof);
        try {
            Incarnation.force(folder, PROOF + certificate.next().epoch(), bytes.byteArray());
        } catch (final IOException e) {
            throw new UncheckedIOException(
                    "cannot keep what opened epoch " + certificate.next().epoch() + " in " + folder + ": "
                            + e.getMessage(),
                    e);
        }
    }

    /** What a start in an epoch would be. */
    synchronized Incarnation next(final Roster roster) {
        return Incarnation.next(folder, group(roster), System.currentTimeMillis());
    }

    /** A start in an epoch counts from now on. */
    synchronized void keep(final Roster roster, final Incarnation incarnation) {
        incarnation.keep(folder, group(roster));
    }

    /** Where the journal of an epoch lies. */
    Path journal(final Station station) {
        return folder.resolve(
                station.openedBy() == null
                        ? JOURNAL
                        : JOURNAL + "-" + station.roster().epoch());
    }

    /** An epoch's journal is all that this peer may vote from: those of the others go. */
    void dropJournalsBesides(final Path kept) {
        try (Stream<Path> files = Files.list(folder)) {
            for (final Path file : files.toList()) {
                if (file.getFileName().toString().matches(JOURNAL + "(-[0-9]+)?") && !file.equals(kept)) {
                    ArchiveJournal.remove(file);
                }
            }
        } catch (final IOException e) {
            throw new UncheckedIOException("cannot look into " + folder + ": " + e.getMessage(), e);
        }
    }

    private static String group(final Roster roster) {
        return HexFormat.of().formatHex(roster.groupId());
    }
}
