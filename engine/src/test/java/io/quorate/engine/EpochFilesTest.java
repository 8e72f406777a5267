package io.quorate.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.epoch.EpochMachine;
import io.quorate.engine.epoch.Handover;
import io.quorate.engine.epoch.HandoverCertificate;
import io.quorate.engine.epoch.HandoverVotes;
import io.quorate.engine.epoch.OpeningState;
import io.quorate.engine.epoch.ReconfigureCommand;
import io.quorate.engine.ordering.ClientTable;
import io.quorate.engine.ordering.ExactlyOnce;
import io.quorate.engine.ordering.StateMachine;
import io.quorate.engine.virtual.SimKeys;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.Roster;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a data folder says of epochs, and where a life begins. */
class EpochFilesTest {
    private final SimKeys keys = new SimKeys(8, new SimRandom(1));
    private final Roster first = roster(1, 0, 1, 2, 3);
    private final Roster second = roster(2, 0, 1, 2, 3, 4);
    private final Roster third = roster(3, 0, 1, 2, 3, 4, 5);

    @TempDir
    Path folder;

    private EpochFiles files;

    @BeforeEach
    void open() {
        files = new EpochFiles(folder, keys::verifier);
    }

    @Test
    void shouldFollowProofsForwardsAndBackwards() {
        assertThat(files.stations(second)).hasSize(1);
        files.keep(first, certificate(first, second));
        files.keep(second, certificate(second, third));
        for (final Roster given : List.of(first, second, third)) {
            final List<EpochFiles.Station> stations = files.stations(given);
            assertThat(stations.stream().map(one -> one.roster().epoch())).containsExactly(1L, 2L, 3L);
            assertThat(stations.get(0).openedBy()).isNull();
            assertThat(EpochFiles.isSame(stations.get(2).openedBy().next(), third))
                    .isTrue();
        }
        // Another group of the same folder has nothing to do with them.
        assertThat(files.stations(roster(2, 4, 5, 6, 7))).hasSize(1);
    }

    @Test
    void shouldBeginInTheNewestEpochThatHasStarted() {
        files.keep(first, certificate(first, second));
        final List<EpochFiles.Station> stations = files.stations(first);
        assertThat(files.home(stations, first, of -> true)).isEqualTo(stations.get(0));
        start(first);
        assertThat(files.home(files.stations(second), second, of -> true)
                        .roster()
                        .epoch())
                .as("the base of epoch 2 is not on the disk yet")
                .isEqualTo(1);
        start(second);
        final EpochFiles.Station home = files.home(stations, first, of -> true);
        assertThat(home).isEqualTo(stations.get(1));
        assertThat(files.journal(home)).isEqualTo(folder.resolve("journal-2"));
        assertThat(files.journal(stations.get(0))).isEqualTo(folder.resolve("journal"));
    }

    @Test
    void shouldNotGoBackWhereItHasNoMemoryForWantOfAKey() {
        files.keep(first, certificate(first, second));
        start(first);
        start(second);
        final List<EpochFiles.Station> stations = files.stations(first);
        assertThatThrownBy(() -> files.home(stations, first, of -> of.epoch() == 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("in epoch 2 under a key that was not given");
        // The key of the past may be gone: a rotated one is destroyed.
        assertThat(files.home(stations, second, of -> of.epoch() == 2).roster().epoch())
                .isEqualTo(2);
    }

    @Test
    void shouldRefuseAProofThatDoesNotHold() throws Exception {
        files.keep(first, certificate(first, second));
        final Path proof = folder.resolve("epoch-2");
        final byte[] bytes = Files.readAllBytes(proof);
        for (final int place : new int[] {0, 18, 60, bytes.length - 400, bytes.length - 1}) {
            final byte[] changed = bytes.clone();
            changed[place] ^= 1;
            Files.write(proof, changed);
            assertThatThrownBy(() -> files.stations(first))
                    .as("a bit at " + place)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining(proof + " does not prove how its epoch began");
        }
        Files.write(proof, new byte[3]);
        assertThatThrownBy(() -> files.stations(second)).isInstanceOf(IllegalStateException.class);
        Files.write(proof, bytes);
        assertThat(files.stations(first)).hasSize(2);
    }

    @Test
    void shouldDropTheJournalsOfOtherEpochsOnly() throws Exception {
        for (final String name : List.of("journal", "journal-2", "journal-3", "journal.damaged", "journals")) {
            Files.createDirectories(folder.resolve(name).resolve("inside"));
        }
        Files.writeString(folder.resolve("journal.mark"), "m");
        Files.writeString(folder.resolve("journal-2.mark"), "m");
        files.dropJournalsBesides(folder.resolve("journal-2"));
        try (java.util.stream.Stream<Path> left = Files.list(folder)) {
            assertThat(left.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("journal-2", "journal-2.mark", "journal.damaged", "journals");
        }
    }

    private void start(final Roster roster) {
        files.keep(roster, files.next(roster));
    }

    private HandoverCertificate certificate(final Roster current, final Roster next) {
        final ExactlyOnce closing = new ExactlyOnce(
                new ClientTable(current.size(), 4),
                new EpochMachine(current, keys.verifier(current), 4, 8, any -> true, new Nothing()));
        final Map<Integer, byte[]> approvals = new TreeMap<>();
        for (int id = 0; id < current.size(); id++) {
            approvals.put(id, ReconfigureCommand.approve(keys.signer(current, id), current, next));
        }
        final UnsafeBuffer command = new UnsafeBuffer(ReconfigureCommand.encode(current, next, approvals));
        closing.execute(3, 0, 1, command, 0, command.capacity(), new UnsafeBuffer(new byte[256]), 0);
        final ExpandableArrayBuffer state = new ExpandableArrayBuffer();
        final int length = closing.snapshot(state, 0);
        final OpeningState opening =
                OpeningState.of(current, 4, any -> StateMachine.Carrier.UNCHANGED, state, 0, length);
        final Handover handover = Handover.of(opening, opening.stateDigest(new Digest(), 256));
        final HandoverVotes votes = new HandoverVotes(current, keys.verifier(current), opening, handover);
        for (int id = 0; id < current.size(); id++) {
            votes.onHandover(id, handover, handover.sign(keys.signer(current, id)));
        }
        return votes.certificate();
    }

    private static Roster roster(final long epoch, final int... keyNumbers) {
        final List<Roster.Peer> peers = new ArrayList<>();
        for (int id = 0; id < keyNumbers.length; id++) {
            final int number = keyNumbers[id];
            peers.add(new Roster.Peer(id, "p" + number, "10.0.0.1", 40_000 + number, SimKeys.publicKey(number)));
        }
        return Roster.of(epoch, peers, Map.of());
    }

    /** A machine without a state. */
    private static final class Nothing implements StateMachine {
        @Override
        public int apply(
                final long sequence,
                final int clientId,
                final DirectBuffer request,
                final int offset,
                final int lengthBytes,
                final MutableDirectBuffer reply,
                final int replyOffset) {
            return 0;
        }

        @Override
        public int read(
                final int clientId,
                final DirectBuffer query,
                final int offset,
                final int lengthBytes,
                final MutableDirectBuffer answer,
                final int answerOffset) {
            return 0;
        }

        @Override
        public int snapshot(final MutableDirectBuffer destination, final int offset) {
            return 0;
        }

        @Override
        public void restore(final DirectBuffer snapshot, final int offset, final int lengthBytes) {
            assertThat(lengthBytes).isZero();
        }
    }
}
