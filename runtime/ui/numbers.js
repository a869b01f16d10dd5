/* Numbers as people read them. */

export function rateText(value) {
  if (value >= 9950)
    return `${(value / 1000).toFixed(value < 99950 ? 1 : 0)}k`;
  return value > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value).toLocaleString('en');
}

export function secondsText(seconds) {
  if (seconds < 59.95)
    return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds), hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  if (hours >= 48)
    return `${Math.round(hours / 24)} days`;
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`;
}

export function bytesText(bytes) {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
