package io.quorate.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.coordination.Coordinator;
import io.quorate.engine.coordination.CoordinatorContext;
import io.quorate.engine.coordination.Topology;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a roster says of the graph, and what an engine refuses before it starts. */
class GroupSettingsTest {
    private final List<PeerIdentity> identities = new ArrayList<>();

    @Test
    void shouldConnectAllPeersWhereARosterKnowsNoGraph() {
        final CoordinatorContext settings = settings(Map.of("mode", "byzantine", "dimension", "16"));
        assertThat(settings.topology().isComplete()).isTrue();
        assertThat(settings.gossipRounds()).isEqualTo(3);
        assertThat(settings.rope()).isEqualTo(Topology.Rope.DEFAULT);
    }

    @Test
    void shouldReadTheGraphFromSettingsThatContinueEachOther() {
        final CoordinatorContext settings = settings(Map.of(
                "mode", "topology",
                "connections", "0-1 1-2:0.5",
                "connections-2", "2-3",
                "gossip-rounds", "7",
                "rope-mode", "centrality",
                "rope-sigma", "0.25",
                "rope-ladder", "2"));
        assertThat(settings.mode()).isEqualTo(Coordinator.Mode.TOPOLOGY);
        assertThat(settings.topology().digest())
                .isEqualTo(Topology.parse(4, "0-1 1-2:0.5 2-3").digest());
        assertThat(settings.gossipRounds()).isEqualTo(7);
        assertThat(settings.rope()).isEqualTo(new Topology.Rope(Topology.Rope.Mode.CENTRALITY, 0.25, 2));
    }

    @Test
    void shouldBindTheGraphByTheGroupId() {
        assertThat(roster(Map.of("connections", "0-1 1-2")).groupId())
                .isNotEqualTo(roster(Map.of("connections", "0-1 1-3")).groupId());
    }

    @Test
    void shouldRefuseGraphsInOneClearLine() {
        refuse("connections: connection 0-4 joins a peer that is not there", Map.of("connections", "0-4"));
        refuse("connections: \"0:1\" is no connection", Map.of("connections", "0:1"));
        refuse("unknown setting \"connections-3\"", Map.of("connections", "0-1", "connections-3", "1-2"));
        refuse("unknown setting \"connections-2\"", Map.of("connections-2", "1-2"));
        refuse("setting gossip-rounds is \"1001\"", Map.of("gossip-rounds", "1001"));
        refuse("setting rope-ladder is \"0.5\"", Map.of("rope-ladder", "0.5"));
        refuse("setting mode is \"telepathy\"", Map.of("mode", "telepathy"));
        refuse(
                "peer 2 has 2 neighbours; against f = 1 liar every peer needs at least 2f + 1 = 3",
                Map.of("mode", "gossip", "connections", "0-1 0-2 0-3 1-2 1-3"));
    }

    @Test
    void shouldRefuseAnEngineWithoutListenerIdleStrategyOrWarmUp() {
        refuse("idle strategy is missing", engine().idleStrategy(null));
        refuse("decision listener is missing", engine().decisionListener(null));
        refuse("warm-up time is missing", engine().warmUpMax(null));
        refuse("driver settings is missing", engine().driverSettings(null));
        refuse("the warm-up takes 0 to 60 s, given -1 ms", engine().warmUpMax(Duration.ofMillis(-1)));
        assertThat(engine().conclude().peerId()).isZero();
    }

    private EngineContext engine() {
        final Roster roster = roster(Map.of());
        return new EngineContext()
                .roster(roster)
                .identity(identities.get(0))
                .dataDirectory(Path.of("nowhere"))
                .memoryOnly(true);
    }

    private static void refuse(final String message, final EngineContext context) {
        assertThatThrownBy(context::conclude)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    private void refuse(final String message, final Map<String, String> settings) {
        assertThatThrownBy(() -> settings(settings))
                .isInstanceOf(IllegalArgumentException.class)
                .satisfies(error -> assertThat(error.getMessage().lines()).hasSize(1))
                .hasMessageContaining(message);
    }

    private CoordinatorContext settings(final Map<String, String> settings) {
        return GroupSettings.of(roster(settings)).coordinator();
    }

    private Roster roster(final Map<String, String> settings) {
        identities.clear();
        final List<Roster.Peer> peers = new ArrayList<>();
        for (int id = 0; id < 4; id++) {
            identities.add(PeerIdentity.generate(new SecureRandom()));
            peers.add(new Roster.Peer(
                    id,
                    "peer-" + id,
                    "127.0.0.1",
                    40_000 + id,
                    identities.get(id).publicKey()));
        }
        return Roster.of(1, peers, settings);
    }
}
