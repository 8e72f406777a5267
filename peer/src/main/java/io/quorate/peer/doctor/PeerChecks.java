package io.quorate.peer.doctor;

import io.quorate.engine.GroupSettings;
import io.quorate.engine.membership.MembershipContext;
import io.quorate.engine.quorum.Quorum;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** The files of one peer, read as the peer itself would read them, and never changed. */
final class PeerChecks {
    private static final Set<PosixFilePermission> PRIVATE = PosixFilePermissions.fromString("rwx------");
    private static final List<String> MEMORY = List.of("tmpfs", "ramfs");

    private PeerChecks() {}

    /** A key as {@code peer --key} wants it: sound, and no one else's business. */
    static Finding key(final Path file) {
        try {
            return Finding.ok("key", file + ": " + PeerIdentity.load(file).fingerprint());
        } catch (final IOException | IllegalArgumentException | IllegalStateException e) {
            return Finding.fail("key", file + ": " + message(e), "chmod 600 " + file + ", or quorate keys generate");
        }
    }

    /** The folder that the key lies in: whoever may write there may put another key in its place. */
    static Finding keyFolder(final Path file) throws IOException {
        final Path folder = file.toAbsolutePath().getParent();
        if (!Files.isDirectory(folder)) {
            return Finding.fail("key folder", folder + " is not there", "quorate keys generate --out " + folder);
        }
        final Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(folder);
        final String found = folder + ": " + PosixFilePermissions.toString(permissions);
        return permissions.contains(PosixFilePermission.GROUP_WRITE)
                        || permissions.contains(PosixFilePermission.OTHERS_WRITE)
                ? Finding.fail("key folder", found + ": others may replace the key", "chmod go-w " + folder)
                : Finding.ok("key folder", found);
    }

    static Finding roster(final Path file, final Path keyFile) {
        try {
            final Roster roster = Roster.read(file);
            GroupSettings.of(roster);
            final String unknown = roster.peers().stream()
                    .map(Roster.Peer::host)
                    .distinct()
                    .filter(host -> !resolves(host))
                    .collect(Collectors.joining(", "));
            if (!unknown.isEmpty()) {
                return Finding.fail("roster", file + ": no address for " + unknown, "check the names, or DNS");
            }
            if (keyFile != null
                    && Files.isReadable(keyFile)
                    && roster.idOf(PeerIdentity.load(keyFile).publicKey()) < 0) {
                return Finding.fail(
                        "roster", file + " does not hold the key " + keyFile, "take the roster of this peer's group");
            }
            return Finding.ok("roster", file + ": " + roster.size() + " peers, epoch " + roster.epoch());
        } catch (final IOException | IllegalArgumentException | IllegalStateException e) {
            return Finding.fail("roster", file + ": " + message(e), "quorate roster create --help");
        }
    }

    /** Whether news of members gets round however many of the group lie; nothing of a roster that is wrong or watches nobody. */
    static Optional<Finding> overlay(final Path file) {
        final Roster roster;
        final MembershipContext membership;
        try {
            roster = Roster.read(file);
            membership = GroupSettings.of(roster).membership(roster, 0);
        } catch (final IOException | IllegalArgumentException told) {
            return Optional.empty();
        }
        if (membership == null) {
            return Optional.empty();
        }
        final int faultyMax = Quorum.of(roster.size()).faultyMax();
        final String found = membership.neighbours() + " neighbours a peer: news gets round "
                + membership.overlayFaultyMax() + " liars, the group bears " + faultyMax;
        return Optional.of(
                membership.overlayFaultyMax() >= faultyMax
                        ? Finding.ok("overlay", found)
                        : Finding.warn(
                                "overlay",
                                found + "; more that lie next to each other can delay news until tables are compared",
                                "roster create --overlay-faults "
                                        + Math.min(faultyMax, MembershipContext.OVERLAY_FAULTY_MAX)));
    }

    /** The folder of {@code peer --data}: its user's alone, on a disk that remembers. */
    static Finding data(final Path folder) throws IOException {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return Finding.ok("data", folder + ": not there yet, the peer makes it");
        }
        if (!Files.isDirectory(folder)) {
            return Finding.fail("data", folder + " is no folder", "name another one");
        }
        final Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(folder);
        final String type = Files.getFileStore(folder).type();
        final String found = folder + ": " + PosixFilePermissions.toString(permissions) + " on " + type;
        if (!PRIVATE.containsAll(permissions)) {
            return Finding.fail("data", found + ": others may command the peer", "chmod 700 " + folder);
        }
        if (!Files.isWritable(folder)) {
            return Finding.fail("data", found + ": not writable by this user", "chown it to the peer's user");
        }
        return MEMORY.contains(type)
                ? Finding.warn("data", found + ": forgets at a reboot", "name a folder on a disk, or say --memory-only")
                : Finding.ok("data", found);
    }

    private static boolean resolves(final String host) {
        try {
            InetAddress.getByName(host);
            return true;
        } catch (final UnknownHostException e) {
            return false;
        }
    }

    private static String message(final Exception error) {
        return error instanceof java.nio.file.NoSuchFileException ? "no such file" : String.valueOf(error.getMessage());
    }
}
