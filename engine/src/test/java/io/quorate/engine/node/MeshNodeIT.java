package io.quorate.engine.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.membership.MemberTable.State;
import io.quorate.engine.metrics.MembershipCounter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MeshNodeIT {
    private static final int MEMBERS = 5;

    private final List<String> heard = new ArrayList<>();
    private MeshNodes nodes;

    @BeforeEach
    void launch() throws IOException {
        nodes = new MeshNodes(
                MEMBERS,
                (context, id) -> context.listener((originId, number, buffer, offset, lengthBytes) -> heard.add(
                        id + ":" + originId + ":" + buffer.getStringWithoutLengthAscii(offset, lengthBytes))));
    }

    @AfterEach
    void close() throws IOException {
        nodes.close();
    }

    @Test
    void shouldJoinBuryTheDeadAndTakeThemBack() {
        nodes.runUntil("all see all", nodes::allSeeAll);
        nodes.stop(3);
        nodes.runUntil("all hold 3 faulty", () -> nodes.allHold(3, State.FAULTY));
        assertThat(nodes.node(0).view().isWritable()).isTrue();
        nodes.start(3);
        nodes.runUntil("all see all again", nodes::allSeeAll);
        assertThat(nodes.node(0).membershipCounters().get(MembershipCounter.RETURNS))
                .isPositive();
    }

    @Test
    void shouldAccuseNobodyAfterItWasStopped() {
        nodes.runUntil("all see all", nodes::allSeeAll);
        nodes.freeze(2);
        nodes.runUntil("the others hold 2 faulty", () -> nodes.allHold(2, State.FAULTY));
        nodes.thaw(2);
        nodes.runUntil("all see all again", nodes::allSeeAll);
        assertThat(nodes.node(2).membershipCounters().get(MembershipCounter.ACCUSATIONS))
                .isZero();
    }

    @Test
    void shouldRefuseWritesWithoutAQuorumAndSayWhy() {
        nodes.runUntil("all see all", nodes::allSeeAll);
        assertThat(nodes.node(0).view().refusal()).isNull();
        nodes.stop(3);
        nodes.stop(4);
        nodes.runUntil(
                "three of five may not write",
                () -> !nodes.node(0).view().isWritable()
                        && !nodes.node(1).view().isWritable());
        assertThat(nodes.node(0).view().refusal().message())
                .contains("read-only")
                .contains("of 5 members and needs 4");
    }

    @Test
    void shouldTellEverybodyWhatOneAnnounces() {
        nodes.runUntil("all see all", nodes::allSeeAll);
        final UnsafeBuffer body = new UnsafeBuffer("a plan".getBytes());
        assertThat(nodes.node(4).announce(body, 0, body.capacity())).isTrue();
        nodes.runUntil("all have heard it", () -> heard.size() == MEMBERS - 1);
        assertThat(heard).containsExactlyInAnyOrder("0:4:a plan", "1:4:a plan", "2:4:a plan", "3:4:a plan");
        assertThatThrownBy(() -> nodes.node(4).announce(new UnsafeBuffer(new byte[2000]), 0, 2000))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1 to 900 bytes, given 2000");
    }

    @Test
    void shouldSayGoodbye() {
        nodes.runUntil("all see all", nodes::allSeeAll);
        assertThat(nodes.node(1).leave()).isTrue();
        nodes.runUntil("all know that 1 has left", () -> nodes.allHold(1, State.LEFT));
    }
}
