package io.quorate.peer.round;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.coordination.Coordinator;
import io.quorate.engine.coordination.Topology;
import io.quorate.engine.decision.Decision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The rounds in examples/ end as the demo says, for every size of group that the demo can start. */
class ExamplesTest {
    @ParameterizedTest
    @ValueSource(strings = {"exact", "near"})
    void shouldHaveNoWinnerInTheMissionsOwnRound(final String grouping) throws IOException {
        final RoundFile file = example("mission");
        assertThat(file.topology().connectionCount()).isEqualTo(6);
        assertThat(file.topology().digest()).isEqualTo(Topology.complete(4).digest());
        final Decision decision =
                decide(new RoundFile(file.peers(), file.topology(), file.heads(), file.faultTolerance(), 3, grouping));
        assertThat(decision.isAgreed()).isFalse();
        assertThat(decision.reason()).isEqualTo("4 answers differ: the largest group has 1 of 4 peers, quorum is 3");
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 5, 6, 7, 8, 9, 10})
    void shouldHaveAClearWinner(final int peers) throws IOException {
        final Decision decision = decide(first(example("clear-winner"), peers));
        assertThat(decision.isAgreed()).isTrue();
        assertThat(decision.support()).hasSizeGreaterThanOrEqualTo(peers - 1);
        assertThat(decision.verdict().consensus()).contains("Roll back release 2026.11.3");
        assertThat(decision.verdict().strength()).isGreaterThan(0.85);
    }

    @ParameterizedTest
    @CsvSource({"4, 1", "5, 1", "6, 1", "7, 2", "8, 2", "9, 2", "10, 3"})
    void shouldNameEveryLiar(final int peers, final int liars) throws IOException {
        final RoundFile file = first(example("lying-peer"), peers);
        assertThat(file.dimension()).isEqualTo(384);
        final LocalRound round = LocalRound.of(file, Coordinator.Mode.BYZANTINE);
        final Decision decision = round.decision();
        assertThat(decision.isAgreed()).isTrue();
        assertThat(decision.support()).hasSize(peers - liars);
        final List<String> named = decision.byzantine().stream()
                .map(suspect -> round.names().get(suspect.peerId()))
                .toList();
        assertThat(named)
                .containsExactlyInAnyOrderElementsOf(
                        List.of("meter-south", "feeder-c", "auditor").subList(0, liars));
        assertThat(decision.verdict().consensus()).contains("no feeder needs relief");
    }

    @Test
    void shouldNotDependOnTheOrderOfTheFile() throws IOException {
        final RoundFile file = example("lying-peer");
        final List<RoundFile.Peer> turned = new ArrayList<>(file.peers());
        Collections.rotate(turned, 3);
        Collections.swap(turned, 1, 5);
        assertThat(decide(withPeers(file, turned)).digest())
                .isEqualTo(decide(file).digest());
    }

    private static Decision decide(final RoundFile file) {
        return LocalRound.of(file, Coordinator.Mode.BYZANTINE).decision();
    }

    private static RoundFile first(final RoundFile file, final int peers) {
        return withPeers(file, file.peers().subList(0, peers));
    }

    private static RoundFile withPeers(final RoundFile file, final List<RoundFile.Peer> peers) {
        return new RoundFile(
                peers,
                Topology.complete(peers.size()),
                file.heads(),
                file.faultTolerance(),
                file.gossipRounds(),
                file.grouping());
    }

    private static RoundFile example(final String name) throws IOException {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(folder.resolve("examples"))) {
            folder = folder.getParent();
        }
        return RoundFile.read(folder.resolve("examples").resolve(name + ".json"));
    }
}
