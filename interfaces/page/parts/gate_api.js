// The gate's API as the pages use it: answers as objects, refusals as their own words.

const BASE = "/api/v1";
const NO_ANSWER = "The gate did not answer. Trying again is safe.";

// What a GET finds; null where there is nothing (404). Throws an Error in the gate's words.
export async function read(path) {
  const answer = await fetch(BASE + path).catch(() => null);
  if (answer?.status === 404) return null;
  if (!answer?.ok) throw new Error((await problem(answer)) ?? NO_ANSWER);
  return answer.json();
}

// Carries a command out under its id. Gives "" when it is done, else why it is not.
export async function say(path, body) {
  const answer = await fetch(BASE + path, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  }).catch(() => null);
  return answer?.ok ? "" : ((await problem(answer)) ?? NO_ANSWER);
}

async function problem(answer) {
  const told = await answer?.json().catch(() => null);
  return told?.detail ?? null;
}
