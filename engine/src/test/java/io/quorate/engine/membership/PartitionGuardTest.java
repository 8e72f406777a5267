package io.quorate.engine.membership;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PartitionGuardTest {
    private static PartitionGuard guard(final int members, final int selfId) {
        return new PartitionGuard(
                new MembershipContext().memberCount(members).selfId(selfId).conclude());
    }

    /** Every split of 4 to 13 members: at most one side may write, and at half none. */
    @Test
    void shouldLetAtMostOneSideWrite() {
        for (int members = 4; members <= 13; members++) {
            for (int side = 1; side < members; side++) {
                final boolean one = writes(members, side);
                final boolean other = writes(members, members - side);
                assertThat(one && other).as("%d of %d", side, members).isFalse();
                if (2 * side == members) {
                    assertThat(one || other).as("half of %d", members).isFalse();
                }
            }
        }
    }

    private static boolean writes(final int members, final int side) {
        final PartitionGuard guard = guard(members, 0);
        for (int id = 1; id < members; id++) {
            guard.onReached(id, 1);
        }
        assertThat(guard.isWritable()).isTrue();
        for (int id = side; id < members; id++) {
            guard.onLost(id, 2);
        }
        return guard.isWritable();
    }

    @Test
    void shouldSayWhyItRefuses() {
        final PartitionGuard guard = guard(4, 2);
        assertThat(guard.refusal().reason()).isEqualTo(PartitionGuard.Reason.STARTING);
        guard.onReached(0, 5);
        assertThat(guard.refusal().message())
                .isEqualTo(
                        "read-only: reaches 2 of 4 members and needs 3; it has not reached a quorum since it started");
        guard.onReached(1, 6);
        assertThat(guard.refusal()).isNull();
        assertThat(guard.changedNs()).isEqualTo(6);
        guard.onLost(1, 9);
        assertThat(guard.refusal().reason()).isEqualTo(PartitionGuard.Reason.MINORITY);
        assertThat(guard.refusal().staleSinceNs()).isEqualTo(9);
        guard.onReached(1, 10);
        guard.distrustAll(11);
        assertThat(guard.refusal().reason()).isEqualTo(PartitionGuard.Reason.RESUMED);
        assertThat(guard.reachedCount()).isEqualTo(1);
    }

    @Test
    void shouldCountAMemberOnce() {
        final PartitionGuard guard = guard(7, 0);
        guard.onReached(3, 1);
        guard.onReached(3, 2);
        assertThat(guard.reachedCount()).isEqualTo(2);
        guard.onLost(3, 3);
        guard.onLost(3, 4);
        assertThat(guard.reachedCount()).isEqualTo(1);
        assertThat(guard.onLost(0, 5)).as("itself").isFalse();
    }

    @Test
    void shouldLookAtSixtyFourOfMore() {
        final PartitionGuard guard = guard(1000, 17);
        assertThat(guard.panelCount()).isEqualTo(64);
        assertThat(guard.panelMember(0)).isEqualTo(17);
        for (int index = 1; index < 64; index++) {
            assertThat(guard.onReached(guard.panelMember(index), 1)).isTrue();
        }
        assertThat(guard.reachedCount()).isEqualTo(64);
        assertThat(guard.needed()).isEqualTo(43);
    }
}
