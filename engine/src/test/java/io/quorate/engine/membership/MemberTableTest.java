package io.quorate.engine.membership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.virtual.SimKeys;
import io.quorate.engine.virtual.SimRandom;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class MemberTableTest {
    private static final int MEMBERS = 16;

    private final SimKeys keys = new SimKeys(MEMBERS, new SimRandom(1));
    private final List<String> heard = new ArrayList<>();
    private final MemberTable table = new MemberTable(
            MEMBERS, (memberId, before, after, nowNs) -> heard.add(memberId + " " + before + " " + after));

    private Member alive(final int memberId, final long incarnation) {
        return Member.sign(memberId, 3, Member.Status.ALIVE, incarnation, keys.signer(memberId));
    }

    @Test
    void shouldReadARecordBack() {
        final Member record = alive(5, 7);
        final Member copy = Member.copyOf(record.entry(), 0);
        assertThat(copy).hasToString("member 5 ALIVE, incarnation 7, zone 3");
        assertThat(copy.isAt(record.entry(), 0)).isTrue();
        assertThat(copy.isSigned(keys.verifier())).isTrue();
    }

    @Test
    void shouldHoldNoSignatureOverOtherContent() {
        final UnsafeBuffer entry = new UnsafeBuffer(new byte[Member.ENTRY_LENGTH]);
        for (int i = 0; i < Member.ENTRY_LENGTH; i++) {
            entry.putBytes(0, alive(5, 7).entry(), 0, Member.ENTRY_LENGTH);
            entry.putByte(i, (byte) (entry.getByte(i) ^ 1));
            final Member forged = Member.copyOf(entry, 0);
            assertThat(forged == null || !forged.isSigned(keys.verifier()))
                    .as("byte %d turned", i)
                    .isTrue();
        }
    }

    @Test
    void shouldRefuseARecordWithoutForm() {
        final UnsafeBuffer entry = new UnsafeBuffer(new byte[Member.ENTRY_LENGTH]);
        entry.putBytes(0, alive(5, 7).entry(), 0, Member.ENTRY_LENGTH);
        entry.putByte(4, (byte) 2);
        assertThat(Member.copyOf(entry, 0)).isNull();
        assertThatThrownBy(() -> alive(5, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Member.sign(70_000, 0, Member.Status.ALIVE, 1, keys.signer(0)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldLetOnlyANewerRecordUndoADeath() {
        table.put(alive(2, 4), 0);
        table.suspect(2, 0);
        table.fault(2, 0);
        table.trust(2, 0);
        table.suspect(2, 0);
        assertThat(table.state(2)).isEqualTo(MemberTable.State.FAULTY);
        assertThat(table.isNews(alive(2, 4))).isFalse();
        assertThat(table.isNews(alive(2, 3))).isFalse();
        assertThat(table.isNews(alive(2, 5))).isTrue();
        table.put(alive(2, 5), 0);
        assertThat(table.state(2)).isEqualTo(MemberTable.State.ALIVE);
        assertThat(heard).containsExactly("2 UNKNOWN ALIVE", "2 ALIVE SUSPECT", "2 SUSPECT FAULTY", "2 FAULTY ALIVE");
    }

    @Test
    void shouldDoubtOrBuryNobodyWhoIsUnknownOrLeft() {
        table.suspect(3, 0);
        table.fault(3, 0);
        assertThat(table.state(3)).isEqualTo(MemberTable.State.UNKNOWN);
        table.put(Member.sign(4, 0, Member.Status.LEFT, 2, keys.signer(4)), 0);
        table.suspect(4, 0);
        table.fault(4, 0);
        assertThat(table.state(4)).isEqualTo(MemberTable.State.LEFT);
    }

    @Test
    void shouldSettleOnOneOfTwoRecordsOfALiar() {
        final Member one = alive(1, 9);
        final Member other = Member.sign(1, 3, Member.Status.LEFT, 9, keys.signer(1));
        assertThat(one.isNewerThan(other)).isNotEqualTo(other.isNewerThan(one));
        assertThat(one.conflictsWith(other)).isTrue();
        assertThat(one.conflictsWith(alive(1, 9))).isFalse();
        assertThat(one.conflictsWith(alive(1, 8))).isFalse();
    }

    @Test
    void shouldHaveOneHashForOneKnowledge() {
        final MemberTable other = new MemberTable(MEMBERS, (memberId, before, after, nowNs) -> {});
        for (int memberId = 0; memberId < MEMBERS; memberId++) {
            table.put(alive(memberId, 1), 0);
            other.put(alive(MEMBERS - 1 - memberId, 1), 0);
        }
        assertThat(table.hash()).isEqualTo(other.hash());
        table.suspect(3, 0);
        assertThat(table.hash()).as("an opinion is not shared").isEqualTo(other.hash());
        table.fault(3, 0);
        assertThat(table.hash()).isNotEqualTo(other.hash());
        assertThat(table.bucketHash(3)).isNotEqualTo(other.bucketHash(3));
        assertThat(table.bucketHash(4)).isEqualTo(other.bucketHash(4));
        other.fault(3, 0);
        assertThat(table.hash()).isEqualTo(other.hash());
    }

    @Test
    void shouldCountWhatIsInEachState() {
        table.put(alive(0, 1), 0);
        table.put(alive(1, 1), 0);
        table.suspect(1, 0);
        table.put(alive(0, 2), 0);
        assertThat(table.count(MemberTable.State.ALIVE)).isEqualTo(1);
        assertThat(table.presentCount()).isEqualTo(2);
        assertThat(table.count(MemberTable.State.UNKNOWN)).isEqualTo(MEMBERS - 2);
    }
}
