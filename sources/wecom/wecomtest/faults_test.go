package wecomtest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nocobase-roster/roster/sources/wecom/wecomtest"
)

func TestACallFailsAsOftenAsItIsToldTo(t *testing.T) {
	v := visit(t, acme(t), appSecret)
	v.Fail("user/list?department_id=3", 60011, -1)
	v.Fail("user/list", -1, 2)
	v.Fail("user/list", 45009, 1)
	var got []int
	for range 4 {
		got = append(got, v.get("user/list?department_id=2").code(), v.get("user/list?department_id=3").code())
	}
	if diff := cmp.Diff([]int{-1, 60011, -1, 60011, 45009, 60011, 0, 60011}, got); diff != "" {
		t.Errorf("user/list mismatch (-want +got):\n%s", diff)
	}
	v.refused("department/list", 0)
	v.Fail("", 6000, 1)
	v.refused("department/list", 6000)
	v.Mend()
	v.refused("user/list?department_id=3", 0)
	if v.Calls("user/list") != 9 || v.Calls("gettoken") != 1 || v.Calls("") != 12 {
		t.Errorf("Calls() = %d, %d, %d of user/list, gettoken and all; want 9, 1, 12", v.Calls("user/list"), v.Calls("gettoken"), v.Calls(""))
	}
}

func TestAnAnswerIsCutInTheMiddle(t *testing.T) {
	v := visit(t, acme(t), appSecret)
	v.Cut("department/list", 1)
	response, err := v.http.Do(v.request(http.MethodGet, "department/list", url.Values{"access_token": {v.token}}, ""))
	must(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) || int64(len(text)) != response.ContentLength/2 {
		t.Errorf("read %d of %d bytes, %v; want half of them and %v", len(text), response.ContentLength, err, io.ErrUnexpectedEOF)
	}
	v.refused("department/list", 0)
}

func TestStalledCallsAreAnsweredWhenAllIsMended(t *testing.T) {
	v := visit(t, acme(t), appSecret)
	waiting := v.StallAt("department/list")
	v.refused("user/get?userid=lisi", 0)
	var calls sync.WaitGroup
	calls.Go(func() { v.refused("department/list", 0) })
	<-waiting
	v.Mend()
	calls.Wait()
}

func TestAStalledCallEndsWithItsServerOrItsClient(t *testing.T) {
	v := visit(t, acme(t), appSecret)
	waiting := v.Stall()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var calls sync.WaitGroup
	for _, ctx := range []context.Context{ctx, t.Context()} {
		calls.Go(func() {
			r := v.request(http.MethodGet, "department/list", url.Values{"access_token": {v.token}}, "").WithContext(ctx)
			if response, err := v.http.Do(r); err == nil {
				response.Body.Close()
				t.Error("a stalled call was answered")
			}
		})
	}
	<-waiting
	cancel()
	v.Close()
	calls.Wait()
}

func TestTokensAndBlocksPassWithTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ask := asking(t, wecomtest.NewServer(acme(t)))
		login := url.Values{"corpid": {corpID}, "corpsecret": {appSecret}}
		given := ask("gettoken", login)
		asked := url.Values{"access_token": {given["access_token"].(string)}}
		time.Sleep(time.Hour)
		if again := ask("gettoken", login); given["expires_in"] != 7200.0 || again["expires_in"] != 3600.0 {
			t.Errorf("a token holds for %v, and for %v an hour later", given["expires_in"], again["expires_in"])
		}
		time.Sleep(time.Hour)
		if got := ask("department/list", asked); got.code() != int(wecomtest.TokenExpired) {
			t.Errorf("department/list answers %v after two hours", got)
		}
		for range 10 {
			ask("gettoken", url.Values{"corpid": {corpID}, "corpsecret": {"wrong"}})
		}
		time.Sleep(time.Hour - time.Second)
		if got := ask("gettoken", login); got.code() != int(wecomtest.CallLimit) {
			t.Errorf("gettoken answers %v within an hour of ten wrong secrets", got)
		}
		time.Sleep(time.Second)
		if got := ask("gettoken", login); got.code() != 0 {
			t.Errorf("gettoken answers %v after an hour", got)
		}
	})
}

func TestTooManyCallsAreBlockedForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := wecomtest.NewServer(acme(t))
		s.Limit(3, 0)
		ask := asking(t, s)
		given := ask("gettoken", url.Values{"corpid": {corpID}, "corpsecret": {appSecret}})
		query := url.Values{"access_token": {given["access_token"].(string)}}
		burst := func() (codes []int) {
			for range 4 {
				codes = append(codes, ask("department/list", query).code())
			}
			return codes
		}
		want := []int{0, 0, 0, int(wecomtest.CallLimit)}
		if diff := cmp.Diff(want, burst()); diff != "" {
			t.Errorf("department/list mismatch (-want +got):\n%s", diff)
		}
		time.Sleep(59 * time.Second)
		if got := ask("department/list", query); got.code() != int(wecomtest.CallLimit) {
			t.Errorf("department/list answers %v within the minute", got)
		}
		if got := ask("department/simplelist", query); got.code() != 0 {
			t.Errorf("another call answers %v", got)
		}
		time.Sleep(time.Second)
		for range 14 { // 45 calls in an hour are allowed, and three were made
			burst()
			time.Sleep(time.Minute)
		}
		if diff := cmp.Diff([]int{45009, 45009, 45009, 45009}, burst()); diff != "" {
			t.Errorf("department/list mismatch after 45 calls in an hour (-want +got):\n%s", diff)
		}
		time.Sleep(time.Hour)
		if diff := cmp.Diff(want, burst()); diff != "" {
			t.Errorf("department/list mismatch an hour later (-want +got):\n%s", diff)
		}
	})
}

func TestASlowAnswerTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := wecomtest.NewServer(acme(t))
		s.Slow("gettoken", 3*time.Second)
		began := time.Now()
		asking(t, s)("gettoken", url.Values{"corpid": {corpID}, "corpsecret": {appSecret}})
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("a call took %v, want 3s", took)
		}
	})
}

func TestTooManyCallsAtOnceAreRefused(t *testing.T) {
	v := visit(t, acme(t), appSecret)
	v.Limit(0, 1)
	v.Before("department/list", func() { v.refused("department/list", wecomtest.ConcurrencyLimit) })
	v.refused("department/list", 0)
	v.refused("department/list", 0)
}
