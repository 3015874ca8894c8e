// <form data-texted>: where the browser offers WebOTP, it fills in the code of a text that names this site.
const form = document.querySelector("form[data-texted]");
if (form && "OTPCredential" in window) {
  const waiting = new AbortController();
  form.addEventListener("submit", () => waiting.abort());
  navigator.credentials
    .get({ otp: { transport: ["sms"] }, signal: waiting.signal })
    .then((text) => { form.elements.code.value ||= text.code; })
    .catch(() => {}); // refused, or too late: people type it
}
